import type { Change } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import type { Frame } from '../../../gen/lbscope/events/v1/events_pb.js';
import { Merged } from '../../../model/histogram.ts';
import { sumOf } from '../../../model/lanes.ts';
import { clockText, duration, toMs, toMsOrUndefined } from '../../../model/time.ts';
import { escaped } from './escape.ts';

export interface PodLook {
  readonly handle: string;
  /** Colour, 0 to 8. */
  readonly slot: number;
}

const width = 1_050;
const left = 50;
const share = { top: 4, height: 90 };
const loss = { top: 98, height: 16 };
const latency = { top: 122, height: 60 };
const height = 204;

/** Who answered, what was lost and how long it took, of one lane, on one time axis. */
export function chart(
  laneId: string,
  frames: readonly Frame[],
  changes: readonly Change[],
  pods: ReadonlyMap<string, PodLook>,
  from: number,
  to: number,
): string {
  const x = (ms: number) => round(left + ((ms - from) / Math.max(1, to - from)) * (width - left));
  const parts = frames.flatMap((frame) => {
    const part = frame.lanes.find((lane) => lane.laneId === laneId);
    return part === undefined ? [] : [{ from: toMs(frame.from), to: toMs(frame.to), part }];
  });
  const order = [...pods.keys()];
  const shapes: string[] = [];
  const most = Math.max(1, ...parts.map(({ part }) => sumOf(part.failed)));
  const points = { p50: [] as string[], p99: [] as string[] };
  const times = parts.map(({ from: at, to: end, part }) => ({
    at: (at + end) / 2,
    merged: new Merged().add(part.latency),
  }));
  const slowest = Math.max(1, ...times.map(({ merged }) => merged.quantile(0.99) / 1_000));
  for (const { from: at, to: end, part } of parts) {
    const answered = part.pods.filter(({ podUid }) => podUid !== '');
    const all = answered.reduce((sum, pod) => sum + pod.answered, 0);
    let below = share.top + share.height;
    const wide = round(Math.max(0.5, x(end) - x(at)));
    for (const pod of [...answered].sort((a, b) => order.indexOf(a.podUid) - order.indexOf(b.podUid))) {
      if (pod.answered === 0) continue;
      const high = (pod.answered / all) * share.height;
      below -= high;
      const look = pods.get(pod.podUid);
      const title = `${look?.handle ?? pod.podUid}: ${Math.round((pod.answered / all) * 100)} %, ${clockText(at).slice(0, 8)}`;
      shapes.push(
        `<rect class="share s${look?.slot ?? 0}" x="${x(at)}" y="${round(below)}" width="${wide}" height="${round(high)}"><title>${escaped(title)}</title></rect>`,
      );
    }
    const lost = sumOf(part.failed);
    if (lost > 0) {
      const high = Math.max(2, (lost / most) * loss.height);
      shapes.push(
        `<rect class="lost" x="${x(at)}" y="${round(loss.top + loss.height - high)}" width="${Math.max(2, wide)}" height="${round(high)}"><title>${lost} lost</title></rect>`,
      );
    }
  }
  for (const { at, merged } of times) {
    if (merged.count === 0) continue;
    const y = (q: number) =>
      round(latency.top + latency.height * (1 - Math.min(1, merged.quantile(q) / 1_000 / slowest)));
    points.p50.push(`${x(at)},${y(0.5)}`);
    points.p99.push(`${x(at)},${y(0.99)}`);
  }
  const lines = changes.flatMap((change) => {
    const ms = toMsOrUndefined(change.askedAt ?? change.at);
    return ms === undefined
      ? []
      : [
          `<line class="change" x1="${x(ms)}" x2="${x(ms)}" y1="0" y2="${latency.top + latency.height}"><title>${escaped(change.title)}</title></line>`,
        ];
  });
  const ticks = Array.from({ length: 7 }, (_, i) => from + ((to - from) * i) / 6).map(
    (ms, i) =>
      `<text x="${x(ms)}" y="${height - 6}" text-anchor="${i === 0 ? 'start' : i === 6 ? 'end' : 'middle'}">${clockText(ms).slice(0, 8)}</text>`,
  );
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Share, lost calls and latency over time">
<text x="0" y="${share.top + 14}">share</text><text x="0" y="${loss.top + 13}">lost</text><text x="0" y="${latency.top + 12}">p50, p99</text>
<text x="0" y="${latency.top + 28}">${escaped(duration(slowest))}</text>
<rect class="frame" x="${left}" y="${latency.top}" width="${width - left}" height="${latency.height}"/>
${shapes.join('')}${lines.join('')}
<polyline class="p50" points="${points.p50.join(' ')}"/><polyline class="p99" points="${points.p99.join(' ')}"/>
${ticks.join('')}
</svg>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
