import type { Histogram } from '../../gen/lbscope/events/v1/events_pb.js';
import { lowerBound } from '../../model/histogram.ts';

/**
 * Bounds in microseconds, 128 us to 67 s. Powers of two are borders of the frames' own buckets (model/histogram.ts), so
 * nothing is guessed when many small buckets become few large ones.
 */
const bounds = Array.from({ length: 20 }, (_, index) => 2 ** (7 + index));

/** Latency as Prometheus' classic histogram, by lane; frames know it for a lane as a whole. */
export class LatencyMetric {
  readonly #lanes = new Map<string, { readonly counts: number[]; count: number; sum: number }>();

  add(lane: string, histogram: Histogram | undefined): void {
    if (histogram === undefined) return;
    let series = this.#lanes.get(lane);
    if (series === undefined) {
      series = { counts: bounds.map(() => 0), count: 0, sum: 0 };
      this.#lanes.set(lane, series);
    }
    let bucket = 0;
    for (const [index, distance] of histogram.bucket.entries()) {
      bucket += distance;
      const count = histogram.count[index] ?? 0;
      const from = lowerBound(bucket);
      const slot = bounds.findIndex((bound) => from < bound);
      if (slot >= 0) series.counts[slot] = (series.counts[slot] ?? 0) + count;
      series.count += count;
      series.sum += (count * (from + lowerBound(bucket + 1))) / 2;
    }
  }

  remove(lane: string): void {
    this.#lanes.delete(lane);
  }

  text(name: string, help: string): string {
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const [lane, { counts, count, sum }] of this.#lanes) {
      let below = 0;
      for (const [index, bound] of bounds.entries()) {
        below += counts[index] ?? 0;
        lines.push(`${name}_bucket{lane="${lane}",le="${bound / 1e6}"} ${below}`);
      }
      lines.push(`${name}_bucket{lane="${lane}",le="+Inf"} ${count}`);
      lines.push(`${name}_sum{lane="${lane}"} ${sum / 1e6}`, `${name}_count{lane="${lane}"} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
