import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs } from '../time.ts';

/** When a lane's list differed from the truth, and when it was told anything. */
export type BeliefStrip = { differs: { fromMs: number; toMs: number | undefined }[]; ticks: number[] };

/** A list that is wrong for less than this is the way of one message, not staleness. */
const briefMs = 40;

/**
 * Read backwards from now, as now is known for certain: each event says what it changed. Before the oldest change
 * that can be undone the strip stays empty: nothing is guessed.
 */
export function beliefStrip(snapshot: GetSnapshotResponse, lane: Lane): BeliefStrip {
  const source = lane.belief?.source ?? '';
  if (source === '' || source === 'static') return { differs: [], ticks: [] };
  const ticks: number[] = [];
  const steps: { atMs: number; truth?: Set<string>; belief?: Set<string> }[] = [];
  for (const event of snapshot.events) {
    const atMs = toMs(event.at);
    const kind = event.kind;
    if (kind.case === 'sliceChanged') {
      steps.push({
        atMs,
        truth: new Set(kind.value.all.filter((each) => each.ready).map((each) => each.address)),
      });
    } else if (event.laneId === lane.id && kind.case === 'resolved') {
      ticks.push(atMs);
      steps.push({ atMs, belief: new Set(kind.value.addresses) });
    } else if (event.laneId === lane.id && kind.case === 'resolutionFailed') {
      ticks.push(atMs);
      // An answer that says "nobody" takes the list away; any other failure leaves it as it was.
      if (kind.value.effect === 'dropped') steps.push({ atMs, belief: new Set() });
    }
  }
  // States before the first event of a kind: the truth is told by the first change itself, the belief is what it is
  // now when it never changed, else unknown.
  const firstSlice = snapshot.events.find((event) => event.kind.case === 'sliceChanged');
  let truth: Set<string> | undefined =
    firstSlice?.kind.case === 'sliceChanged'
      ? undo(firstSlice.kind.value)
      : new Set(snapshot.endpoints.filter((each) => each.ready).map((each) => each.address));
  const firstResolved = snapshot.events.find((event) => event.laneId === lane.id && event.kind.case === 'resolved');
  let belief: Set<string> | undefined;
  if (firstResolved === undefined) belief = new Set(lane.belief?.addresses ?? []);
  else if (firstResolved.kind.case === 'resolved' && !firstResolved.kind.value.changed) {
    belief = new Set(firstResolved.kind.value.addresses);
  }
  const differs: BeliefStrip['differs'] = [];
  let since: number | undefined = differ(truth, belief) ? Number.NEGATIVE_INFINITY : undefined;
  for (const step of steps) {
    truth = step.truth ?? truth;
    belief = step.belief ?? belief;
    const now = differ(truth, belief);
    if (now && since === undefined) since = step.atMs;
    else if (!now && since !== undefined) {
      if (step.atMs - since >= briefMs) differs.push({ fromMs: since, toMs: step.atMs });
      since = undefined;
    }
  }
  if (since !== undefined) differs.push({ fromMs: since, toMs: undefined });
  return { differs, ticks };
}

function undo(change: { added: string[]; removed: string[]; all: { address: string; ready: boolean }[] }): Set<string> {
  const before = new Set(change.all.filter((each) => each.ready).map((each) => each.address));
  for (const each of change.added) before.delete(each);
  for (const each of change.removed) before.add(each);
  return before;
}

function differ(truth: Set<string> | undefined, belief: Set<string> | undefined): boolean {
  if (truth === undefined || belief === undefined) return false;
  return truth.size !== belief.size || [...truth].some((each) => !belief.has(each));
}
