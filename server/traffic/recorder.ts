import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type LaneFrame, LaneFrameSchema, type PodFrameSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { bucketCount, bucketOf, toSparse } from '../../model/histogram.ts';
import { fromMs } from '../../model/time.ts';
import { type ErrorClass, errorClasses } from '../../model/words.ts';
import type { CallResult } from '../balancing/channel-port.ts';
import type { EventSink } from '../events/port.ts';
import type { Identity } from './identity.ts';
import { LossBursts } from './losses.ts';
import type { Attribution } from './ports.ts';

/**
 * About one sampled call a second and lane is enough to ask "why this pod?". The pause differs each time: at a round
 * rate over a divisor of it (100/s, 4 pods) an even one would meet the same pod for ever.
 */
const samplePausesMs = [1_000, 870, 1_130, 940, 1_060, 1_010, 990];
/** Connections whose last pod is remembered; older ones are forgotten first. */
const connectionsKept = 4_096;

const classIndex = new Map<string, number>(errorClasses.map((name, index) => [name, index]));

class PodCounters {
  answered = 0;
  readonly failed = new Float64Array(errorClasses.length);
  first = 0;
  last = 0;
  toRemovedAnswered = 0;
  toRemovedLost = 0;
  serviceSumMs = 0;
  inferred = false;

  get empty(): boolean {
    return this.last === 0;
  }

  seen(at: number): void {
    if (this.first === 0) this.first = at;
    this.last = at;
  }

  reset(): void {
    this.answered = 0;
    this.failed.fill(0);
    this.first = 0;
    this.last = 0;
    this.toRemovedAnswered = 0;
    this.toRemovedLost = 0;
    this.serviceSumMs = 0;
    this.inferred = false;
  }
}

class Latencies {
  readonly counts = new Uint32Array(bucketCount);
  maxUs = 0;
  any = false;

  add(ms: number): void {
    const us = ms > 0 ? ms * 1_000 : 0;
    const bucket = bucketOf(us);
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    if (us > this.maxUs) this.maxUs = us;
    this.any = true;
  }

  reset(): void {
    if (this.any) this.counts.fill(0);
    this.maxUs = 0;
    this.any = false;
  }
}

export interface RecorderOptions {
  readonly laneId: string;
  readonly events: EventSink;
  readonly attribution: Attribution;
}

/**
 * Counts one lane's calls per pod and cuts the counts into frames.
 * Holds at every instant: issued = answered + failed + in flight.
 */
export class Recorder {
  readonly #laneId: string;
  readonly #events: EventSink;
  readonly #attribution: Attribution;
  readonly #losses: LossBursts;

  #issued = 0;
  #inFlight = 0;
  #issuedInAll = 0;
  #answered = 0;
  #transparentRetries = 0;
  #shortfall = 0;
  readonly #failed = new Float64Array(errorClasses.length);
  readonly #latency = new Latencies();
  readonly #service = new Latencies();
  readonly #pods = new Map<string, PodCounters>();
  readonly #greeted = new Set<string>();
  /** The pod that answered everything on a connection so far; null once there were two. */
  readonly #podOfConnection = new Map<string, string | null>();
  #nextSampleAt = 0;
  #samples = 0;

  constructor(options: RecorderOptions) {
    this.#laneId = options.laneId;
    this.#events = options.events;
    this.#attribution = options.attribution;
    this.#losses = new LossBursts(options.laneId, options.events);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** A call goes out. */
  issue(): void {
    this.#issued += 1;
    this.#issuedInAll += 1;
    this.#inFlight += 1;
  }

  /** Intended sends that were given up. */
  giveUp(count: number): void {
    this.#shortfall += count;
  }

  /** A call ended. Instants are milliseconds of the agent's clock. `who` is undefined if the answer did not say. */
  end(result: CallResult, who: Identity | undefined, kind: string, intendedAt: number, now: number): void {
    this.#inFlight -= 1;
    const { route } = result;
    this.#transparentRetries += route.transparentRetries;
    if (result.ok) this.#answeredBy(result, who, intendedAt, now);
    const sampled = now >= this.#nextSampleAt;
    let podUid = who?.uid;
    let burstOpened = false;
    if (!result.ok) {
      const charged = this.#charge(result, now);
      podUid = charged.podUid;
      burstOpened = charged.opened;
    }
    if (sampled || burstOpened) {
      if (sampled) this.#nextSampleAt = now + (samplePausesMs[this.#samples++ % samplePausesMs.length] as number);
      this.#sample(result, podUid, who?.incarnation, kind, intendedAt, now);
    }
  }

  #answeredBy(result: CallResult, who: Identity | undefined, intendedAt: number, now: number): void {
    const { connectionId, sentAt = intendedAt, address } = result.route;
    const uid = who?.uid ?? '';
    const pod = this.#pod(uid);
    pod.answered += 1;
    pod.seen(now);
    this.#answered += 1;
    this.#latency.add(now - intendedAt);
    this.#service.add(now - sentAt);
    pod.serviceSumMs += Math.max(0, now - sentAt);
    if (who === undefined) return;
    const since = this.#attribution.notReadySince(uid);
    if (since !== undefined && sentAt > since) pod.toRemovedAnswered += 1;
    if (connectionId !== undefined) {
      const before = this.#podOfConnection.get(connectionId);
      if (before === undefined) {
        if (this.#podOfConnection.size >= connectionsKept) {
          const oldest = this.#podOfConnection.keys().next();
          if (!oldest.done) this.#podOfConnection.delete(oldest.value);
        }
        this.#podOfConnection.set(connectionId, uid);
      } else if (before !== uid && before !== null) this.#podOfConnection.set(connectionId, null);
    }
    const greeting = `${uid} ${who.incarnation}`;
    if (!this.#greeted.has(greeting)) {
      this.#greeted.add(greeting);
      this.#events.emit({
        at: now,
        laneId: this.#laneId,
        podUid: uid,
        incarnation: who.incarnation,
        ...(address === undefined ? {} : { address }),
        ...(connectionId === undefined ? {} : { connectionId }),
        ...(result.route.resolutionId === undefined ? {} : { resolutionId: result.route.resolutionId }),
        kind: { case: 'firstAnswer', value: { issued: this.#issuedInAll } },
      });
    }
  }

  #charge(result: Extract<CallResult, { ok: false }>, now: number): { podUid: string | undefined; opened: boolean } {
    const { address, upstreamHost, connectionId, sentAt } = result.route;
    const index = classIndex.get(result.errorClass) ?? classIndex.get('status_other') ?? 0;
    this.#failed[index] = (this.#failed[index] as number) + 1;
    const at = sentAt ?? now;
    let attribution = 'none';
    let uid: string | undefined;
    if (upstreamHost !== undefined) {
      uid = this.#attribution.podAt(upstreamHost, at);
      if (uid !== undefined) attribution = 'upstream';
    }
    if (uid === undefined && address !== undefined) {
      uid = this.#attribution.podAt(address, at);
      if (uid !== undefined) attribution = 'dialled';
    }
    if (uid === undefined && connectionId !== undefined && upstreamHost === undefined) {
      uid = this.#podOfConnection.get(connectionId) ?? undefined;
      if (uid !== undefined) attribution = 'inferred';
    }
    const pod = this.#pod(uid ?? '');
    pod.failed[index] = (pod.failed[index] as number) + 1;
    pod.seen(now);
    if (attribution === 'inferred') pod.inferred = true;
    const since = uid === undefined ? undefined : this.#attribution.notReadySince(uid);
    const toRemoved = since !== undefined && sentAt !== undefined && sentAt > since;
    if (toRemoved) pod.toRemovedLost += 1;
    const opened = this.#losses.add(
      {
        errorClass: result.errorClass,
        podUid: uid,
        address,
        connectionId,
        attribution,
        toRemoved,
        message: result.message,
      },
      now,
    );
    return { podUid: uid, opened };
  }

  #sample(
    result: CallResult,
    podUid: string | undefined,
    incarnation: number | undefined,
    kind: string,
    intendedAt: number,
    now: number,
  ): void {
    const { route } = result;
    this.#events.emit({
      at: now,
      laneId: this.#laneId,
      ...(podUid === undefined ? {} : { podUid }),
      ...(incarnation === undefined ? {} : { incarnation }),
      ...(route.address === undefined ? {} : { address: route.address }),
      ...(route.connectionId === undefined ? {} : { connectionId: route.connectionId }),
      ...(route.resolutionId === undefined ? {} : { resolutionId: route.resolutionId }),
      kind: {
        case: 'sampledCall',
        value: {
          kind,
          intendedAt: fromMs(intendedAt),
          ...(route.sentAt === undefined ? {} : { sentAt: fromMs(route.sentAt) }),
          endedAt: fromMs(now),
          ...(route.connectedAt === undefined ? {} : { connectedAt: fromMs(route.connectedAt) }),
          ...(route.resolvedAt === undefined ? {} : { resolvedAt: fromMs(route.resolvedAt) }),
          pick: route.pick,
          attempts: route.attempts,
          transparentRetries: route.transparentRetries,
          outcome: result.ok ? 'ok' : result.errorClass,
          message: result.ok ? '' : result.message,
        },
      },
    });
  }

  #pod(uid: string): PodCounters {
    let pod = this.#pods.get(uid);
    if (pod === undefined) {
      pod = new PodCounters();
      this.#pods.set(uid, pod);
    }
    return pod;
  }

  /** What was counted since the last cut. */
  cut(askedRate: number, now: number): LaneFrame {
    this.#losses.flush(now);
    const pods: MessageInitShape<typeof PodFrameSchema>[] = [];
    for (const [uid, pod] of this.#pods) {
      if (pod.empty) {
        // Silent for a whole frame: forget it, so that pods of the past cost nothing.
        this.#pods.delete(uid);
        continue;
      }
      pods.push({
        podUid: uid,
        answered: pod.answered,
        failed: classCounts(pod.failed),
        first: fromMs(pod.first),
        last: fromMs(pod.last),
        toRemovedAnswered: pod.toRemovedAnswered,
        toRemovedLost: pod.toRemovedLost,
        serviceTimeSumMs: pod.serviceSumMs,
        inferred: pod.inferred,
      });
      pod.reset();
    }
    const frame = create(LaneFrameSchema, {
      laneId: this.#laneId,
      issued: this.#issued,
      answered: this.#answered,
      failed: classCounts(this.#failed),
      inFlight: this.#inFlight,
      askedRate,
      transparentRetries: this.#transparentRetries,
      latency: toSparse(this.#latency.counts, this.#latency.maxUs),
      serviceTime: toSparse(this.#service.counts, this.#service.maxUs),
      pods,
      shortfall: this.#shortfall,
    });
    this.#issued = 0;
    this.#answered = 0;
    this.#failed.fill(0);
    this.#transparentRetries = 0;
    this.#shortfall = 0;
    this.#latency.reset();
    this.#service.reset();
    return frame;
  }

  /** A new run: first answers count anew. */
  newRun(): void {
    this.#greeted.clear();
    this.#issuedInAll = 0;
  }

  /** Tells of open bursts before the lane ends. */
  close(now: number): void {
    this.#losses.flush(now, true);
  }
}

function classCounts(failed: Float64Array): { errorClass: ErrorClass; count: number }[] {
  const counts: { errorClass: ErrorClass; count: number }[] = [];
  for (let i = 0; i < failed.length; i += 1) {
    const count = failed[i] as number;
    if (count > 0) counts.push({ errorClass: errorClasses[i] as ErrorClass, count });
  }
  return counts;
}
