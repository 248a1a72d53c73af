import type { Frame } from '../../../../gen/lbscope/events/v1/events_pb.js';
import type { ScenarioStep } from '../../../../gen/lbscope/events/v1/scenarios_pb.js';
import { sumOf } from '../../../../model/lanes.ts';
import { toMs } from '../../../../model/time.ts';

/** Drawn this wide; the page scales it. */
const width = 860;
const height = 64;
/** Narrower columns than this are merged: a minute of frames is 300. */
const leastColumnPx = 2;

export interface Axis {
  readonly from: number;
  readonly to: number;
}

interface Column {
  readonly from: number;
  to: number;
  readonly pods: Map<string, number>;
  lost: number;
}

/** Where a pod's band lies: its place in the stack and its colour slot. */
export interface PodBand {
  readonly uid: string;
  readonly slot: number;
}

/** One lane's shares over time: a column is 100 %, lost calls on top. Runs of equal columns are one shape. */
export function shareChart(
  frames: readonly Frame[],
  laneId: string,
  pods: readonly PodBand[],
  axis: Axis,
  steps: readonly ScenarioStep[],
): string {
  const x = (ms: number) => (((ms - axis.from) / (axis.to - axis.from)) * width).toFixed(2);
  const shapes: string[] = [];
  for (const column of columnsOf(frames, laneId, axis)) {
    const all = column.lost + [...column.pods.values()].reduce((a, b) => a + b, 0);
    if (all === 0) continue;
    let y = height;
    const bar = (share: number, fill: string) => {
      const h = share * height;
      y -= h;
      const left = x(column.from);
      shapes.push(
        `<rect x="${left}" y="${y.toFixed(2)}" width="${(Number(x(column.to)) - Number(left) + 0.3).toFixed(2)}" height="${h.toFixed(2)}" fill="${fill}"/>`,
      );
    };
    for (const { uid, slot } of pods) {
      const calls = column.pods.get(uid) ?? 0;
      if (calls > 0) bar(calls / all, `var(--pod-${slot})`);
    }
    const known = new Set(pods.map(({ uid }) => uid));
    const others = [...column.pods].filter(([uid]) => !known.has(uid)).reduce((sum, [, calls]) => sum + calls, 0);
    if (others > 0) bar(others / all, 'var(--undecided)');
    if (column.lost > 0) bar(column.lost / all, 'var(--error)');
  }
  return `<svg viewBox="0 0 ${width} ${height}" role="img" shape-rendering="crispEdges" aria-label="shares of the calls per pod over time"><rect width="${width}" height="${height}" fill="var(--floor)"/>${shapes.join('')}${rules(steps, axis, x)}</svg>`;
}

/** A line at each step that changes something, through all lanes. */
function rules(steps: readonly ScenarioStep[], axis: Axis, x: (ms: number) => string): string {
  return marked(steps)
    .map(({ startedAt }) => toMs(startedAt))
    .filter((at) => at >= axis.from && at <= axis.to)
    .map((at) => `<line class="rule" x1="${x(at)}" x2="${x(at)}" y1="-4" y2="${height + 4}"/>`)
    .join('');
}

const silent = new Set(['prepare', 'wait', 'waitUntil', 'say', 'ask']);

function marked(steps: readonly ScenarioStep[]): ScenarioStep[] {
  return steps.filter(({ kind, startedAt }) => !silent.has(kind) && startedAt !== undefined);
}

/** The axis in seconds, and what happened when, in rows so that no two labels meet. */
export function axisChart(axis: Axis, steps: readonly ScenarioStep[]): string {
  const seconds = (axis.to - axis.from) / 1000;
  const every = [1, 2, 5, 10, 20, 30, 60, 120].find((step) => seconds / step <= 10) ?? 300;
  const x = (ms: number) => ((ms - axis.from) / (axis.to - axis.from)) * width;
  const rowEnds: number[] = [];
  const labels = marked(steps).map(({ text, startedAt }) => {
    const at = x(toMs(startedAt));
    const long = text.length * 6.2;
    const left = Math.min(at, width - long);
    let row = rowEnds.findIndex((end) => end < left - 8);
    if (row < 0) row = rowEnds.push(0) - 1;
    rowEnds[row] = left + long;
    return `<text class="label" x="${left.toFixed(1)}" y="${32 + row * 15}">${escaped(text)}</text>`;
  });
  const ticks: string[] = [];
  for (let s = 0; s <= seconds; s += every) {
    const at = (s / seconds) * width;
    ticks.push(`<text class="tick" x="${at.toFixed(1)}" y="12">${s} s</text>`);
  }
  const tall = 20 + rowEnds.length * 15 + (rowEnds.length > 0 ? 4 : 0);
  return `<svg viewBox="0 0 ${width} ${tall}" aria-hidden="true">${ticks.join('')}${labels.join('')}</svg>`;
}

function columnsOf(frames: readonly Frame[], laneId: string, axis: Axis): Column[] {
  const leastMs = ((axis.to - axis.from) / width) * leastColumnPx;
  const columns: Column[] = [];
  for (const frame of frames) {
    const part = frame.lanes.find((lane) => lane.laneId === laneId);
    const [from, to] = [Math.max(axis.from, toMs(frame.from)), Math.min(axis.to, toMs(frame.to))];
    if (to <= from) continue;
    let column = columns.at(-1);
    if (column === undefined || column.to - column.from >= leastMs || from - column.to > leastMs) {
      column = { from, to, pods: new Map(), lost: 0 };
      columns.push(column);
    }
    column.to = to;
    for (const pod of part?.pods ?? []) column.pods.set(pod.podUid, (column.pods.get(pod.podUid) ?? 0) + pod.answered);
    column.lost += sumOf(part?.failed ?? []);
  }
  return columns;
}

export function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
