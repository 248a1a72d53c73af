import type { Change, GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers, duration, toMsOrUndefined } from '../time.ts';

/** A vertical line through all lanes. Several changes close together are one line, so that flags do not collide. */
export type EventLine = {
  key: string;
  atMs: number;
  /** Its last pod was Ready or gone: a rollout takes its time, and is one span. */
  untilMs: number;
  kind: string;
  /** "Scaled 3 → 5" */
  title: string;
  /** "asked 2.6 s before Ready" */
  detail: string;
  /** Taking away is dashed, adding is solid. */
  dashed: boolean;
  changes: Change[];
};

/** Changes of one kind closer than this are one to a viewer: a rollout renews every pod within seconds. */
const togetherMs = 6_000;

/** Lines nearer than this many points cannot be told apart. */
const apartPixels = 7;

export function eventLines(snapshot: GetSnapshotResponse, fromMs: number, pixelMs = 0): EventLine[] {
  const lines: EventLine[] = [];
  for (const change of snapshot.changes) {
    const atMs = toMsOrUndefined(change.at) ?? toMsOrUndefined(change.askedAt);
    if (atMs === undefined || atMs < fromMs) continue;
    const last = lines[lines.length - 1];
    const first = last?.changes[0];
    const alike = first?.kind === change.kind && last !== undefined && atMs - last.atMs < togetherMs;
    const touching = last !== undefined && Math.abs(atMs - last.atMs) < apartPixels * pixelMs;
    if (last !== undefined && (alike || touching)) {
      last.changes.push(change);
      last.title = titleOf(last.changes);
      last.untilMs = Math.max(last.untilMs, endOf(change, atMs));
      last.dashed &&= isRemoval(change);
      continue;
    }
    lines.push({
      key: String(change.sequence),
      atMs,
      untilMs: endOf(change, atMs),
      kind: change.kind,
      title: titleOf([change]),
      detail: detailOf(change),
      dashed: isRemoval(change),
      changes: [change],
    });
  }
  return lines;
}

export function isRemoval(change: Change): boolean {
  if (change.from !== change.to) return change.to < change.from;
  return ['delete', 'delete_now', 'crash', 'unready'].includes(change.kind);
}

function endOf(change: Change, atMs: number): number {
  const instants = change.stories.map((story) => toMsOrUndefined(story.slice) ?? toMsOrUndefined(story.ready) ?? atMs);
  return Math.max(atMs, ...instants);
}

function titleOf(changes: Change[]): string {
  const first = changes[0];
  const last = changes[changes.length - 1];
  if (first === undefined || last === undefined) return '';
  if (changes.length === 1) return bindNumbers(first.title);
  if (changes.some((change) => change.kind !== first.kind)) return `${changes.length} changes`;
  if (first.kind === 'scale') return bindNumbers(`Scaled ${first.from} → ${last.to}`);
  return `${bindNumbers(first.title)}, ${changes.length - 1} more`;
}

function detailOf(change: Change): string {
  const asked = toMsOrUndefined(change.askedAt);
  const at = toMsOrUndefined(change.at);
  if (asked === undefined) return change.kind === 'outside' ? 'not asked for here' : '';
  if (at === undefined) return 'asked, not yet seen';
  const gap = at - asked;
  return gap < 1 ? '' : `asked ${duration(gap)} before ${isRemoval(change) ? 'it was seen' : 'Ready'}`;
}
