import type { Attribution } from './ports.ts';

/** What the truth knows of addresses, as plain data: the whole of it each time, as it is small and seldom changes. */
export interface AttributionTable {
  /** By pod IP, oldest first: whose it was, and from when (milliseconds of the agent's clock). */
  readonly addresses: readonly (readonly [ip: string, owners: readonly (readonly [uid: string, from: number])[]])[];
  readonly notReadySince: readonly (readonly [uid: string, since: number])[];
  /** Pods that exist now. */
  readonly pods: readonly (readonly [uid: string, name: string, incarnation: number])[];
}

/** The truth's knowledge of addresses, where the truth itself can't be asked. */
export class AttributionMirror implements Attribution {
  version = 0;
  #addresses = new Map<string, readonly (readonly [uid: string, from: number])[]>();
  #notReadySince = new Map<string, number>();
  /** By UID and by name. */
  #pods = new Map<string, { uid: string; incarnation: number }>();

  replace(table: AttributionTable): void {
    this.version += 1;
    this.#addresses = new Map(table.addresses);
    this.#notReadySince = new Map(table.notReadySince);
    this.#pods.clear();
    for (const [uid, name, incarnation] of table.pods) {
      const pod = { uid, incarnation };
      this.#pods.set(uid, pod).set(name, pod);
    }
  }

  podAt(address: string, at: number): string | undefined {
    const owners = this.#addresses.get(address.slice(0, address.lastIndexOf(':')));
    if (owners === undefined) return undefined;
    // A call to an address is charged to the last pod that had it by then, also after that pod's end.
    return (owners.findLast(([, from]) => from <= at) ?? owners[0])?.[0];
  }

  podNamed(name: string): { readonly uid: string; readonly incarnation: number } | undefined {
    return this.#pods.get(name);
  }

  notReadySince(uid: string): number | undefined {
    return this.#notReadySince.get(uid);
  }
}
