import type { GetSnapshotResponse } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toMs } from '../time.ts';

/** RFC 4180: quoted where needed. A text that a spreadsheet would take for a formula is told to be one. */
function cell(value: string | number): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, ...rows]
    .map((row) => row.map(cell).join(','))
    .join('\r\n')
    .concat('\r\n');
}

const stamp = (ms: number) => new Date(ms).toISOString();

/** What is shown now, a row for each lane and pod; the lane's own measures stand in each of its rows. */
export function numbersCsv(snapshot: GetSnapshotResponse, atMs: number): string {
  const head = [
    ...['run', 'at', 'lane', 'lane_state', 'pod', 'ip', 'standing', 'ready', 'share', 'calls_per_second'],
    ...['calls', 'lost', 'mean_ms', 'lane_answered', 'lane_lost', 'lane_jain', 'lane_jain_calls', 'lane_jain_random'],
    ...['lane_p50_ms', 'lane_p90_ms', 'lane_p99_ms', 'lane_asked_per_second', 'lane_achieved_per_second'],
    ...['lane_to_removed', 'verdict'],
  ];
  const rows = snapshot.lanes.flatMap((lane) => {
    const lost = Object.values(lane.errors).reduce((sum, count) => sum + count, 0);
    const { fairness, latency, rate } = lane;
    const ofLane = [
      ...[lane.answered, lost],
      ...[fairness?.jain ?? 0, fairness?.calls ?? 0, fairness?.random ?? 0],
      ...[latency?.p50Ms ?? 0, latency?.p90Ms ?? 0, latency?.p99Ms ?? 0, rate?.asked ?? 0, rate?.achieved ?? 0],
      ...[lane.toRemovedAnswered + lane.toRemovedLost, lane.verdict],
    ];
    return lane.pods.map((pod) => [
      ...[snapshot.runId, stamp(atMs), lane.id, lane.state, pod.pod, pod.ip, pod.standing, String(pod.ready)],
      ...[pod.share, pod.callsPerSecond, pod.calls, pod.errors, pod.meanMs],
      ...ofLane,
    ]);
  });
  return table(head, rows);
}

/** The last 90 s as they were counted: a row for each frame, lane and pod. */
export function framesCsv(snapshot: GetSnapshotResponse, untilMs: number): string {
  const names = new Map(snapshot.pods.map((pod) => [pod.uid, pod.name]));
  const rows = snapshot.bins
    .filter((frame) => toMs(frame.from) < untilMs)
    .flatMap((frame) =>
      frame.lanes.flatMap((lane) =>
        lane.pods.map((pod) => [
          ...[snapshot.runId, stamp(toMs(frame.from)), stamp(toMs(frame.to)), lane.laneId],
          ...[
            names.get(pod.podUid) ?? '',
            pod.podUid,
            pod.answered,
            pod.failed.reduce((sum, { count }) => sum + count, 0),
          ],
        ]),
      ),
    );
  return table(['run', 'from', 'to', 'lane', 'pod', 'pod_uid', 'answered', 'lost'], rows);
}
