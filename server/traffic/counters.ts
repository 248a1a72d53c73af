import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type LaneFrame, LaneFrameSchema, type PodFrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { bucketCount, bucketOf, toSparse } from '../../model/histogram.ts';
import { latencySteps } from '../../model/latency-steps.ts';
import { fromMs } from '../../model/time.ts';
import { type ErrorClass, errorClasses } from '../../model/words.ts';

const classes = errorClasses.length;
const doubleBytes = 8;
const countBytes = 4;

/** The lane's own figures, one double each; `failed` begins a row of all classes. */
export const head = {
  issued: 0,
  answered: 1,
  inFlight: 2,
  askedRate: 3,
  transparentRetries: 4,
  shortfall: 5,
  latencyMaxUs: 6,
  serviceMaxUs: 7,
  lateMaxUs: 8,
  policyRetries: 9,
  answeredByRetry: 10,
  messages: 11,
  failed: 12,
} as const;
const headDoubles = head.failed + classes;

/** A pod's figures, at its slot times `podDoubles`. */
export const pod = {
  answered: 0,
  first: 1,
  last: 2,
  toRemovedAnswered: 3,
  toRemovedLost: 4,
  serviceSumMs: 5,
  inferred: 6,
  messages: 7,
  latencySumMs: 8,
  failed: 9,
  /** A row of model/latency-steps. */
  steps: 9 + classes,
} as const;
export const podDoubles = pod.steps + latencySteps;

/** Slot 0 is nobody's: calls that no pod can be named for. */
export const podSlots = 1_024;

/** Buckets that are one for the schedule error: a quarter of an octave, so that frames stay small. */
const coarse = 8;

const bytes = (headDoubles + podSlots * podDoubles) * doubleBytes + 3 * bucketCount * countBytes;

/**
 * One lane's figures since the last cut, in memory that outlives the thread that counts: when it dies, another thread cuts
 * what was counted. Plain stores, as never two threads use it at a time.
 */
export class LaneCounters {
  readonly memory: SharedArrayBuffer;
  readonly lane: Float64Array;
  readonly pods: Float64Array;
  readonly #latency: Uint32Array;
  readonly #service: Uint32Array;
  readonly #late: Uint32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(bytes)) {
    this.memory = memory;
    this.lane = new Float64Array(memory, 0, headDoubles);
    this.pods = new Float64Array(memory, headDoubles * doubleBytes, podSlots * podDoubles);
    let at = (headDoubles + podSlots * podDoubles) * doubleBytes;
    const histogram = (): Uint32Array => {
      const counts = new Uint32Array(memory, at, bucketCount);
      at += bucketCount * countBytes;
      return counts;
    };
    this.#latency = histogram();
    this.#service = histogram();
    this.#late = histogram();
  }

  /** Of an answered call: since the intended send, and since the actual one, in milliseconds. */
  addTimes(latencyMs: number, serviceMs: number): void {
    this.#add(this.#latency, head.latencyMaxUs, latencyMs);
    this.#add(this.#service, head.serviceMaxUs, serviceMs);
  }

  /** How much later than intended a call was issued, in milliseconds; kept to an eighth, as it spreads over all buckets. */
  addLate(ms: number): void {
    this.#add(this.#late, head.lateMaxUs, ms, coarse);
  }

  #add(counts: Uint32Array, max: number, ms: number, step = 1): void {
    const us = ms > 0 ? ms * 1_000 : 0;
    // The middle one of `step` buckets stands for all of them; an octave has 32.
    const bucket = (bucketOf(us) & -step) + (step >> 1);
    counts[bucket] = (counts[bucket] as number) + 1;
    if (us > (this.lane[max] as number)) this.lane[max] = us;
  }

  /** What was counted since the last cut; counts anew. `names` are the pods by slot, "" for slot 0. */
  cut(laneId: string, names: readonly string[]): LaneFrame {
    const { lane } = this;
    const pods: MessageInitShape<typeof PodFrameSchema>[] = [];
    for (let slot = 0; slot < names.length; slot += 1) {
      const cut = this.#cutPod(slot, names[slot] as string);
      if (cut !== undefined) pods.push(cut);
    }
    const cut = create(LaneFrameSchema, {
      laneId,
      issued: lane[head.issued] as number,
      answered: lane[head.answered] as number,
      failed: classCounts(lane, head.failed),
      inFlight: lane[head.inFlight] as number,
      askedRate: lane[head.askedRate] as number,
      transparentRetries: lane[head.transparentRetries] as number,
      latency: toSparse(this.#latency, lane[head.latencyMaxUs] as number),
      serviceTime: toSparse(this.#service, lane[head.serviceMaxUs] as number),
      scheduleError: toSparse(this.#late, lane[head.lateMaxUs] as number),
      pods,
      shortfall: lane[head.shortfall] as number,
      policyRetries: lane[head.policyRetries] as number,
      answeredByRetry: lane[head.answeredByRetry] as number,
      messages: lane[head.messages] as number,
    });
    if (cut.answered !== 0) {
      this.#latency.fill(0);
      this.#service.fill(0);
    }
    if (cut.issued !== 0) this.#late.fill(0);
    const [inFlight, askedRate] = [lane[head.inFlight] as number, lane[head.askedRate] as number];
    lane.fill(0);
    lane[head.inFlight] = inFlight;
    lane[head.askedRate] = askedRate;
    return cut;
  }

  #cutPod(slot: number, podUid: string): MessageInitShape<typeof PodFrameSchema> | undefined {
    const { pods } = this;
    const at = slot * podDoubles;
    const last = pods[at + pod.last] as number;
    if (last === 0) return undefined;
    const cut = {
      podUid,
      answered: pods[at + pod.answered] as number,
      failed: classCounts(pods, at + pod.failed),
      first: fromMs(pods[at + pod.first] as number),
      last: fromMs(last),
      toRemovedAnswered: pods[at + pod.toRemovedAnswered] as number,
      toRemovedLost: pods[at + pod.toRemovedLost] as number,
      serviceTimeSumMs: pods[at + pod.serviceSumMs] as number,
      inferred: pods[at + pod.inferred] === 1,
      messages: pods[at + pod.messages] as number,
      latencySumMs: pods[at + pod.latencySumMs] as number,
      latencySteps: withoutTail(pods.subarray(at + pod.steps, at + pod.steps + latencySteps)),
    };
    pods.fill(0, at, at + podDoubles);
    return cut;
  }
}

/** Up to the last count that is not 0. */
function withoutTail(counts: Float64Array): number[] {
  let length = counts.length;
  while (length > 0 && counts[length - 1] === 0) length -= 1;
  return [...counts.subarray(0, length)];
}

function classCounts(from: Float64Array, at: number): { errorClass: ErrorClass; count: number }[] {
  const counts: { errorClass: ErrorClass; count: number }[] = [];
  for (let i = 0; i < classes; i += 1) {
    const count = from[at + i] as number;
    if (count > 0) counts.push({ errorClass: errorClasses[i] as ErrorClass, count });
  }
  return counts;
}
