import type { Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { latencySteps, stepBoundsUs } from '../../model/latency-steps.ts';

interface Series {
  readonly lane: string;
  readonly uid: string;
  /** By step. */
  readonly counts: number[];
  sumMs: number;
}

/** What is known of lanes and pods at present. */
interface Known {
  readonly lanes: ReadonlyMap<string, unknown>;
  readonly pods: ReadonlyMap<string, { readonly pod: { readonly name: string } }>;
}

/**
 * Latency as Prometheus' classic histogram, by lane and pod. Frames carry it here from whoever makes the calls, and no
 * further: viewers and recordings have latency by lane.
 */
export class LatencyMetric {
  readonly #series = new Map<string, Series>();

  /** Counts, and takes off the frame what nobody after this needs. */
  take(frame: Frame): void {
    for (const { laneId, pods } of frame.lanes) {
      for (const pod of pods) {
        if (pod.latencySteps.length > 0) this.#count(laneId, pod.podUid, pod.latencySteps, pod.latencySumMs);
        pod.latencySteps = [];
        pod.latencySumMs = 0;
      }
    }
  }

  #count(lane: string, uid: string, steps: readonly number[], sumMs: number): void {
    const key = `${lane}/${uid}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { lane, uid, counts: Array.from({ length: latencySteps }, () => 0), sumMs: 0 };
      this.#series.set(key, series);
    }
    for (const [step, count] of steps.entries()) series.counts[step] = (series.counts[step] ?? 0) + count;
    series.sumMs += sumMs;
  }

  /** Series of lanes and pods that are no longer known are forgotten. */
  text(name: string, help: string, { lanes, pods }: Known): string {
    const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
    for (const [key, { lane, uid, counts, sumMs }] of this.#series) {
      const pod = uid === '' ? '' : pods.get(uid)?.pod.name;
      if (!lanes.has(lane) || pod === undefined) {
        this.#series.delete(key);
        continue;
      }
      const labels = `lane="${lane}",pod="${pod}"`;
      let below = 0;
      for (const [step, count] of counts.entries()) {
        below += count;
        const bound = stepBoundsUs[step];
        lines.push(`${name}_bucket{${labels},le="${bound === undefined ? '+Inf' : bound / 1e6}"} ${below}`);
      }
      lines.push(`${name}_sum{${labels}} ${sumMs / 1_000}`, `${name}_count{${labels}} ${below}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
