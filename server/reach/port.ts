import type { Address } from '../transport/port.ts';

/** Whether an address takes a connection. Never rejects; settles within a deadline of its own. */
export type Dial = (address: Address) => Promise<Dialled>;

export type Dialled = { readonly ok: true } | { readonly ok: false; readonly why: string };
