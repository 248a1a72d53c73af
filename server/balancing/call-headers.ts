/**
 * Headers that every call of a channel carries: its per-RPC credentials. Asked for each call, so it must not wait; the same
 * object for as long as nothing has changed, as calls that were made ready are kept by it. Undefined: none.
 */
export type CallHeaders = (now: number) => Readonly<Record<string, string>> | undefined;

export const noCallHeaders: CallHeaders = () => undefined;
