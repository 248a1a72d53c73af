import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs } from '../time.ts';
import { decider } from './decider.ts';

/** A pod as lists name it. */
export type Named = { uid: string; handle: string; slot: number };

export type ConnectionRow = {
  id: string;
  address: string;
  pod: Named | undefined;
  /** "through Envoy", where no pod can be named. */
  whither: string;
  state: string;
  ageMs: number;
  /** undefined: several connections lead to its pod, and nobody counts them apart. */
  calls: number | undefined;
};

/** Longest open first. */
export function connectionRows(snapshot: GetSnapshotResponse, lane: Lane, nowMs: number): ConnectionRow[] {
  const named = namesOf(snapshot);
  const proxied = decider(lane) === 'envoy';
  return lane.connections
    .map((each): ConnectionRow => {
      const uid = proxied ? undefined : each.podUid || named.owner(each.address);
      const pod = uid === undefined ? undefined : named.pod(uid);
      return {
        id: each.id,
        address: each.address,
        pod,
        whither: proxied ? 'Envoy picks per call' : pod === undefined ? 'not known yet' : '',
        state: each.state,
        ageMs: each.since === undefined ? 0 : Math.max(0, nowMs - toMs(each.since)),
        calls: each.calls,
      };
    })
    .sort((a, b) => b.ageMs - a.ageMs);
}

export type LookupRow = {
  sequence: number;
  atMs: number;
  what: string;
  trigger: string;
  tookMs: number;
  /** How many addresses it held. */
  size: number;
  added: readonly (Named | string)[];
  removed: readonly (Named | string)[];
  /** Why it failed, and what the client did with its list; empty if it did not. */
  failure: string;
  /** So many answers in a row, this one the newest, that changed nothing. */
  alike: number;
};

const sources: Record<string, string> = { dns: 'DNS answer', watch: 'Watch event', envoy: 'Envoy’s members' };

/** What the lane was told, newest first, with what each answer changed; answers alike in a row are one line. */
export function lookupRows(snapshot: GetSnapshotResponse, lane: Lane): LookupRow[] {
  const named = namesOf(snapshot);
  const rows: LookupRow[] = [];
  let before: readonly string[] | undefined;
  const nameOf = (address: string) => {
    const uid = named.owner(address);
    return (uid === undefined ? undefined : named.pod(uid)) ?? address;
  };
  for (const event of snapshot.events) {
    if (event.laneId !== lane.id) continue;
    const { kind } = event;
    if (kind.case === 'resolved') {
      const { addresses, source, trigger, tookMs, changed } = kind.value;
      const known = new Set(before);
      const now = new Set(addresses);
      // Without the answer before it, what changed is not known; the first of all brought everything.
      const first = before === undefined;
      const added = addresses.filter((each) => (first ? changed : !known.has(each)));
      const removed = (before ?? []).filter((each) => !now.has(each));
      before = addresses;
      const last = rows[rows.length - 1];
      const same = added.length === 0 && removed.length === 0;
      if (same && last !== undefined && last.failure === '' && last.trigger === trigger && isQuiet(last)) {
        rows[rows.length - 1] = {
          ...last,
          sequence: event.sequence,
          atMs: toMs(event.at),
          tookMs,
          alike: last.alike + 1,
        };
        continue;
      }
      rows.push({
        sequence: event.sequence,
        atMs: toMs(event.at),
        what: sources[source] ?? 'Fixed address',
        trigger,
        tookMs,
        size: addresses.length,
        added: added.map(nameOf),
        removed: removed.map(nameOf),
        failure: '',
        alike: 1,
      });
    } else if (kind.case === 'resolutionFailed') {
      const { source, trigger, code, message, effect } = kind.value;
      const dropped = effect === 'dropped';
      rows.push({
        sequence: event.sequence,
        atMs: toMs(event.at),
        what: source === 'watch' ? 'Watch failed' : 'Lookup failed',
        trigger,
        tookMs: 0,
        size: dropped ? 0 : (before?.length ?? 0),
        added: [],
        removed: dropped ? (before ?? []).map(nameOf) : [],
        failure: [message || code, dropped ? 'its list was dropped' : 'its list was kept'].join('; '),
        alike: 1,
      });
      if (dropped) before = [];
    }
  }
  return rows.toReversed();
}

function isQuiet(row: LookupRow): boolean {
  return row.added.length === 0 && row.removed.length === 0;
}

export type ErrorRow = { errorClass: string; count: number; part: number };
export type BurstRow = {
  sequence: number;
  fromMs: number;
  toMs: number;
  errorClass: string;
  count: number;
  toRemoved: number;
  pod: Named | undefined;
  how: string;
  message: string;
};

/** Failed calls of the run by class, the most first; `part` of the calls issued. */
export function errorRows(lane: Lane): ErrorRow[] {
  return Object.entries(lane.errors)
    .filter(([, count]) => count > 0)
    .map(([errorClass, count]) => ({ errorClass, count, part: count / Math.max(1, lane.issued) }))
    .sort((a, b) => b.count - a.count);
}

const attributions: Record<string, string> = {
  inferred: 'by the last answer on that connection',
  dialled: 'by the address that was dialled',
  upstream: 'named by the proxy',
  none: 'nobody can be named',
};

/** When calls were lost, newest first. */
export function burstRows(snapshot: GetSnapshotResponse, laneId: string): BurstRow[] {
  const named = namesOf(snapshot);
  return snapshot.events
    .flatMap((event): BurstRow[] => {
      if (event.laneId !== laneId || event.kind.case !== 'lossBurst') return [];
      const burst = event.kind.value;
      return [
        {
          sequence: event.sequence,
          fromMs: toMs(burst.first),
          toMs: toMs(burst.last),
          errorClass: burst.errorClass,
          count: burst.count,
          toRemoved: burst.toRemoved,
          pod: event.podUid === undefined ? undefined : named.pod(event.podUid),
          how: attributions[burst.attribution] ?? '',
          message: burst.message,
        },
      ];
    })
    .toReversed();
}

export function namesOf(snapshot: GetSnapshotResponse) {
  const pods = new Map(snapshot.pods.map(({ uid, handle, slot }) => [uid, { uid, handle, slot }]));
  const owners = new Map(snapshot.intervals.map((each) => [each.address, each.podUid]));
  for (const each of snapshot.endpoints) if (each.podUid !== '') owners.set(each.address, each.podUid);
  return {
    pod: (uid: string): Named | undefined => pods.get(uid),
    owner: (address: string): string | undefined => owners.get(address) || undefined,
  };
}
