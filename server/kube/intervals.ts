/**
 * Which pod an address belonged to when, and when it was ready: an address belongs to a UID for an interval of time
 * (contract.md, Identity). Fed by the truth with each joined set; asked for every call that needs attribution.
 */
export class AddressIntervals {
  readonly #byAddress = new Map<string, Interval[]>();
  readonly #byUid = new Map<string, Interval>();
  #live = new Map<string, Interval>();

  /** The whole set as of `at`. */
  update(at: number, endpoints: readonly { address: string; podUid: string; ready: boolean }[]): void {
    const live = new Map<string, Interval>();
    for (const endpoint of endpoints) {
      let interval = this.#live.get(endpoint.address);
      if (interval === undefined || interval.uid !== endpoint.podUid) {
        if (interval !== undefined) end(interval, at);
        interval = { uid: endpoint.podUid, from: at, to: undefined, edges: [] };
        const all = this.#byAddress.get(endpoint.address) ?? [];
        all.push(interval);
        this.#byAddress.set(endpoint.address, all);
        this.#byUid.set(endpoint.podUid, interval);
      }
      if (isReady(interval) !== endpoint.ready) addEdge(interval, at, endpoint.ready);
      live.set(endpoint.address, interval);
    }
    for (const [address, interval] of this.#live) if (!live.has(address)) end(interval, at);
    this.#live = live;
    this.#prune(at);
  }

  /** Who had the address at that time; between two owners, and after the last, the one before. */
  podOf(address: string, at: number): { uid: string; notReadySince: number | undefined } | undefined {
    const all = this.#byAddress.get(address);
    if (all === undefined) return undefined;
    let found: Interval | undefined;
    for (const interval of all) if (interval.from <= at) found = interval;
    // A lane may hear of a pod before the truth does: then the first owner is meant.
    found ??= all[0];
    return found === undefined ? undefined : { uid: found.uid, notReadySince: notReadySince(found, at) };
  }

  /** Since when the pod had been out of the ready set at that time; undefined if it was in it, or had never been. */
  notReadySinceOf(uid: string, at: number): number | undefined {
    const interval = this.#byUid.get(uid);
    return interval === undefined ? undefined : notReadySince(interval, at);
  }

  /** Since when an address has been in the ready set; undefined if it is not. */
  readySince(address: string): number | undefined {
    const interval = this.#live.get(address);
    const edge = interval?.edges.at(-1);
    return edge?.ready === true ? edge.at : undefined;
  }

  #prune(now: number): void {
    for (const [address, all] of this.#byAddress) {
      const kept = all.filter((interval) => interval.to === undefined || now - interval.to < keepMs);
      if (kept.length === all.length) continue;
      for (const interval of all) {
        if (!kept.includes(interval) && this.#byUid.get(interval.uid) === interval) this.#byUid.delete(interval.uid);
      }
      if (kept.length === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, kept);
    }
  }
}

interface Interval {
  readonly uid: string;
  readonly from: number;
  to: number | undefined;
  /** Entering and leaving the ready set, oldest first. */
  edges: { at: number; ready: boolean }[];
}

/** Longer than any deadline (600 s), so that a call sent to a pod long gone still finds it. */
const keepMs = 15 * 60_000;
/** A flapping pod leaves two edges a second at most: enough for any call still in flight at usual deadlines. */
const maxEdges = 64;

function isReady(interval: Interval): boolean {
  return interval.edges.at(-1)?.ready ?? false;
}

function addEdge(interval: Interval, at: number, ready: boolean): void {
  interval.edges.push({ at, ready });
  if (interval.edges.length > maxEdges) interval.edges.shift();
}

function end(interval: Interval, at: number): void {
  interval.to = at;
  if (isReady(interval)) addEdge(interval, at, false);
}

function notReadySince(interval: Interval, at: number): number | undefined {
  for (let n = interval.edges.length - 1; n >= 0; n--) {
    const edge = interval.edges[n]!;
    if (edge.at <= at) return edge.ready ? undefined : edge.at;
  }
  return undefined;
}
