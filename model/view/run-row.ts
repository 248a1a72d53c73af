import type { RunInfo } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { duration, toMs } from '../time.ts';

/** A recorded run as one row of the list. */
export type RunRow = {
  runId: string;
  startedMs: number;
  state: string;
  /** A person's name for it, else the scenario, else nothing. */
  name: string;
  duration: string;
  lanes: string;
  calls: number;
  lost: number;
  outcome: string;
  tags: readonly string[];
  notes: string;
  size: string;
  /** What a reader should know before trusting it; empty: nothing. */
  remark: string;
};

export function runRow(info: RunInfo): RunRow {
  const [startedMs, lastMs] = [toMs(info.startedAt), toMs(info.lastAt)];
  const remarks = [
    info.state === 'cut' ? 'its agent ended without closing it' : '',
    info.gaps.length > 0
      ? `${info.gaps.length === 1 ? 'a stretch is' : `${info.gaps.length} stretches are`} missing`
      : '',
    info.fineSince === undefined ? '' : 'its older half is kept in sums of 2 s',
    info.importedAt === undefined ? '' : 'imported',
  ];
  return {
    runId: info.runId,
    startedMs,
    state: info.state,
    name: info.name || info.scenario,
    duration: duration(Math.max(0, lastMs - startedMs)),
    lanes: info.lanes.map(({ label, id }) => label || id).join(', '),
    calls: info.lanes.reduce((sum, { answered, lost }) => sum + answered + lost, 0),
    lost: info.lanes.reduce((sum, { lost }) => sum + lost, 0),
    outcome: info.outcome,
    tags: info.tags,
    notes: info.notes,
    size: bytesText(info.bytes),
    remark: remarks.filter(Boolean).join('; '),
  };
}

/** "25 MB", two digits that matter; decimal, as disks are sold. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)}\u202f${units[unit]}`;
}
