import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs } from '../time.ts';
import { isProxied } from './decider.ts';

/** One pod that a path believes in. */
export type Wedge = { uid: string; slot: number; ghost: boolean; used: boolean };

/** The next lookup: closed: pushed; filling: a timer; dotted: nothing is pending; none: not applicable. */
export type Ring =
  | { kind: 'closed' }
  | { kind: 'filling'; fromMs: number; toMs: number }
  | { kind: 'dotted' }
  | { kind: 'none' };

/** The one symbol of a path. `locked`: picked once per connection; else it turns: picked per call. */
export type Wheel = { wedges: Wedge[]; locked: boolean; ring: Ring };

/** Wedges are the believed pods, oldest first; behind a virtual address the proxy believes in the ready set. */
export function wheelOf(snapshot: GetSnapshotResponse, lane: Lane): Wheel {
  const owner = new Map(snapshot.endpoints.map((each) => [each.address, each.podUid]));
  for (const each of snapshot.intervals) if (!owner.has(each.address)) owner.set(each.address, each.podUid);
  const slotOf = new Map(snapshot.pods.map((pod) => [pod.uid, pod.slot]));
  const ghosts = new Set(lane.belief?.ghosts ?? []);
  const virtual = lane.belief?.source === 'static' || lane.belief === undefined;
  const believed = virtual
    ? snapshot.endpoints.filter((each) => each.ready).map((each) => ({ uid: each.podUid, ghost: false }))
    : (lane.belief?.addresses ?? []).map((address) => ({ uid: owner.get(address) ?? '', ghost: ghosts.has(address) }));
  const order = new Map(snapshot.pods.map((pod, i) => [pod.uid, i]));
  believed.sort((a, b) => (order.get(a.uid) ?? -1) - (order.get(b.uid) ?? -1));
  const used = new Set(lane.pods.filter((pod) => pod.recentCalls > 0).map((pod) => pod.uid));
  return {
    wedges: believed.map(({ uid, ghost }) => ({ uid, ghost, slot: slotOf.get(uid) ?? 0, used: used.has(uid) })),
    locked: lane.spec?.policy === 'pick_first' && !isProxied(lane),
    ring: ringOf(lane),
  };
}

function ringOf({ belief }: Lane): Ring {
  if (belief?.nextKind === 'push') return { kind: 'closed' };
  if (belief?.nextKind === 'none') return { kind: 'dotted' };
  if (belief?.nextKind === 'timer' && belief.nextAt !== undefined && belief.resolvedAt !== undefined) {
    return { kind: 'filling', fromMs: toMs(belief.resolvedAt), toMs: toMs(belief.nextAt) };
  }
  return { kind: 'none' };
}
