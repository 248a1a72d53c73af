import type { LaneFrame } from '../../gen/lbscope/events/v1/events_pb.js';
import { latencyStep } from '../../model/latency-steps.ts';
import { fromMs } from '../../model/time.ts';
import { errorClasses } from '../../model/words.ts';
import type { CallResult, CallRoute, SentRoute } from '../balancing/channel-port.ts';
import type { EventSink } from '../events/port.ts';
import { head, type LaneCounters, pod, podDoubles, podSlots } from './counters.ts';
import type { Identity, IdentityReader } from './identity.ts';
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
/** From this many pods on the slots are given anew after a cut, when nothing is counted in them. */
const slotsRenewed = podSlots - 256;

export interface RecorderOptions {
  readonly laneId: string;
  readonly events: EventSink;
  readonly attribution: Attribution;
  readonly counters: LaneCounters;
  /** A pod got a slot of the counters: who reads them after this thread's death needs its name. */
  readonly onPod?: (slot: number, uid: string) => void;
}

/**
 * Counts one lane's calls per pod and cuts the counts into frames.
 * Holds at every instant: issued = answered + failed + in flight.
 */
export class Recorder {
  readonly #laneId: string;
  readonly #events: EventSink;
  readonly #attribution: Attribution;
  readonly #counters: LaneCounters;
  readonly #onPod: ((slot: number, uid: string) => void) | undefined;
  readonly #losses: LossBursts;
  #issuedInAll = 0;
  /** By slot. */
  #names: string[] = [''];
  readonly #slots = new Map<string, number>([['', 0]]);
  /** By slot: from when on calls to the pod are calls to a removed one; as the attribution of `#attributionSeen` says. */
  readonly #notReady = new Float64Array(podSlots).fill(Number.POSITIVE_INFINITY);
  #attributionSeen = -1;
  /** By the reader's numbers: the slot of the pod, and the run in which its first answer was told. */
  #slotOfReader: number[] = [];
  readonly #metIn: number[] = [];
  #run = 1;
  readonly #greeted = new Set<string>();
  /** The pod that answered everything on a connection so far; null once there were two. */
  readonly #podOfConnection = new Map<string, string | null>();
  #nextSampleAt = 0;
  #samples = 0;

  constructor(options: RecorderOptions) {
    this.#laneId = options.laneId;
    this.#events = options.events;
    this.#attribution = options.attribution;
    this.#counters = options.counters;
    this.#onPod = options.onPod;
    this.#losses = new LossBursts(options.laneId, options.events);
  }

  get inFlight(): number {
    return this.#counters.lane[head.inFlight] as number;
  }

  /** A call goes out, this much later than meant; 0 where nothing was meant (closed loop). */
  issue(lateMs: number): void {
    this.#issuedInAll += 1;
    this.#count(head.issued, 1);
    this.#count(head.inFlight, 1);
    this.#counters.addLate(lateMs);
  }

  /** Intended sends that were given up. */
  giveUp(count: number): void {
    this.#count(head.shortfall, count);
  }

  /** Messages of an answer that is not over yet (or, of a client stream, that it says it received). */
  messages(who: Identity | undefined, count: number, now: number): void {
    const slot = who === undefined ? 0 : this.#slotOf(who.uid);
    this.#count(head.messages, count);
    this.#countPod(slot, pod.messages, count);
    this.#seen(slot, now);
  }

  /**
   * A call ended. Instants are milliseconds of the agent's clock. `who` is undefined if no answer said; a stream that failed
   * may have said.
   */
  end(result: CallResult, who: Identity | undefined, kind: string, intendedAt: number, now: number): void {
    this.#count(head.inFlight, -1);
    const { route } = result;
    this.#count(head.transparentRetries, route.transparentRetries);
    const { policyRetries = 0 } = route;
    if (policyRetries > 0) {
      this.#count(head.policyRetries, policyRetries);
      if (result.ok) this.#count(head.answeredByRetry, 1);
    }
    let podUid = who?.uid;
    let burstOpened = false;
    if (result.ok) {
      this.#answered(route, who, kind === 'unary' ? 1 : 0, intendedAt, now);
    } else {
      const charged = this.#charge(result, who, now);
      podUid = charged.podUid;
      burstOpened = charged.opened;
    }
    if (burstOpened || now >= this.#nextSampleAt) this.#sample(result, podUid, who?.incarnation, kind, intendedAt, now);
  }

  /**
   * A prepared call was answered: the same as end(), without an object a call. `who` is the number of the identity that
   * `reader` read from the answer, or -1. A connection's answers mostly come from the same pod, so little is looked up.
   */
  answered(
    reader: IdentityReader,
    who: number,
    route: SentRoute,
    kind: string,
    intendedAt: number,
    sentAt: number,
    now: number,
  ): void {
    this.#count(head.inFlight, -1);
    const slot = who < 0 ? 0 : (this.#slotOfReader[who] ?? this.#meet(reader, who));
    this.#countAnswer(slot, 1, intendedAt, sentAt, now);
    if (who >= 0 && (route.memo !== who || this.#metIn[who] !== this.#run)) {
      const identity = reader.at(who) as Identity;
      this.#saw(route.connectionId as string, identity.uid);
      this.#metIn[who] = this.#run;
      this.#greet(identity, route, now);
    }
    route.memo = who;
    if (now < this.#nextSampleAt) return;
    const identity = reader.at(who);
    const result: CallResult = { ok: true, message: undefined, route: withSentAt(route, sentAt) };
    this.#sample(result, identity?.uid, identity?.incarnation, kind, intendedAt, now);
  }

  #meet(reader: IdentityReader, who: number): number {
    const slot = this.#slotOf((reader.at(who) as Identity).uid);
    if (slot > 0) this.#slotOfReader[who] = slot;
    return slot;
  }

  #count(figure: number, by: number): void {
    const { lane } = this.#counters;
    lane[figure] = (lane[figure] as number) + by;
  }

  #countPod(slot: number, figure: number, by: number): void {
    const { pods } = this.#counters;
    const at = slot * podDoubles + figure;
    pods[at] = (pods[at] as number) + by;
  }

  #seen(slot: number, now: number): void {
    const { pods } = this.#counters;
    const at = slot * podDoubles;
    if (pods[at + pod.first] === 0) pods[at + pod.first] = now;
    pods[at + pod.last] = now;
  }

  #answered(route: CallRoute, who: Identity | undefined, messages: number, intendedAt: number, now: number): void {
    const { connectionId, sentAt = intendedAt } = route;
    const slot = who === undefined ? 0 : this.#slotOf(who.uid);
    this.#countAnswer(slot, messages, intendedAt, sentAt, now);
    if (who === undefined) return;
    if (connectionId !== undefined) this.#saw(connectionId, who.uid);
    this.#greet(who, route, now);
  }

  /** `messages`: 1 for a unary call; those of streams are counted as they come. */
  #countAnswer(slot: number, messages: number, intendedAt: number, sentAt: number, now: number): void {
    this.#count(head.answered, 1);
    this.#count(head.messages, messages);
    this.#countPod(slot, pod.messages, messages);
    this.#counters.addTimes(now - intendedAt, now - sentAt);
    this.#countPod(slot, pod.answered, 1);
    this.#countPod(slot, pod.serviceSumMs, now > sentAt ? now - sentAt : 0);
    const latencyMs = now > intendedAt ? now - intendedAt : 0;
    this.#countPod(slot, pod.latencySumMs, latencyMs);
    this.#countPod(slot, pod.steps + latencyStep(latencyMs), 1);
    this.#seen(slot, now);
    if (this.#attributionSeen !== this.#attribution.version) this.#readAttribution();
    if (sentAt > (this.#notReady[slot] as number)) this.#countPod(slot, pod.toRemovedAnswered, 1);
  }

  #saw(connectionId: string, uid: string): void {
    const before = this.#podOfConnection.get(connectionId);
    if (before === undefined) {
      if (this.#podOfConnection.size >= connectionsKept) {
        const oldest = this.#podOfConnection.keys().next();
        if (!oldest.done) this.#podOfConnection.delete(oldest.value);
      }
      this.#podOfConnection.set(connectionId, uid);
    } else if (before !== uid && before !== null) this.#podOfConnection.set(connectionId, null);
  }

  #greet(who: Identity, route: CallRoute, now: number): void {
    const greeting = `${who.uid} ${who.incarnation}`;
    if (this.#greeted.has(greeting)) return;
    this.#greeted.add(greeting);
    this.#events.emit({
      at: now,
      laneId: this.#laneId,
      podUid: who.uid,
      incarnation: who.incarnation,
      ...idsOf(route),
      kind: { case: 'firstAnswer', value: { issued: this.#issuedInAll } },
    });
  }

  #charge(
    result: Extract<CallResult, { ok: false }>,
    who: Identity | undefined,
    now: number,
  ): { podUid: string | undefined; opened: boolean } {
    const { address, connectionId, sentAt } = result.route;
    const index = classIndex.get(result.errorClass) ?? classIndex.get('status_other') ?? 0;
    this.#count(head.failed + index, 1);
    const { uid, attribution } = this.#whose(result.route, who, sentAt ?? now);
    const slot = this.#slotOf(uid ?? '');
    this.#countPod(slot, pod.failed + index, 1);
    this.#seen(slot, now);
    if (attribution === 'inferred') this.#counters.pods[slot * podDoubles + pod.inferred] = 1;
    const since = uid === undefined ? undefined : this.#attribution.notReadySince(uid);
    const toRemoved = since !== undefined && sentAt !== undefined && sentAt > since;
    if (toRemoved) this.#countPod(slot, pod.toRemovedLost, 1);
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

  /** Contract: the pod that had begun to answer, the host a proxy named, the dialled address, the connection's only pod. */
  #whose(route: CallRoute, who: Identity | undefined, at: number): { uid: string | undefined; attribution: string } {
    const { address, upstreamHost, connectionId } = route;
    if (who !== undefined) return { uid: who.uid, attribution: 'answer' };
    if (upstreamHost !== undefined) {
      const uid = this.#attribution.podAt(upstreamHost, at);
      if (uid !== undefined) return { uid, attribution: 'upstream' };
    }
    if (address !== undefined) {
      const uid = this.#attribution.podAt(address, at);
      if (uid !== undefined) return { uid, attribution: 'dialled' };
    }
    if (connectionId !== undefined && upstreamHost === undefined) {
      const uid = this.#podOfConnection.get(connectionId) ?? undefined;
      if (uid !== undefined) return { uid, attribution: 'inferred' };
    }
    return { uid: undefined, attribution: 'none' };
  }

  #slotOf(uid: string): number {
    const known = this.#slots.get(uid);
    if (known !== undefined) return known;
    // Within one frame there can't be more pods; what is beyond counts as nobody's.
    const slot = this.#names.length;
    if (slot >= podSlots) return 0;
    this.#names.push(uid);
    this.#slots.set(uid, slot);
    this.#notReady[slot] = this.#attribution.notReadySince(uid) ?? Number.POSITIVE_INFINITY;
    this.#onPod?.(slot, uid);
    return slot;
  }

  #readAttribution(): void {
    this.#attributionSeen = this.#attribution.version;
    for (let slot = 1; slot < this.#names.length; slot += 1) {
      const since = this.#attribution.notReadySince(this.#names[slot] as string);
      this.#notReady[slot] = since ?? Number.POSITIVE_INFINITY;
    }
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
    if (now >= this.#nextSampleAt) {
      this.#nextSampleAt = now + (samplePausesMs[this.#samples++ % samplePausesMs.length] as number);
    }
    this.#events.emit({
      at: now,
      laneId: this.#laneId,
      ...(podUid === undefined ? {} : { podUid }),
      ...(incarnation === undefined ? {} : { incarnation }),
      ...idsOf(route),
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

  /** What was counted since the last cut. */
  cut(askedRate: number, now: number): LaneFrame {
    this.#losses.flush(now);
    this.#counters.lane[head.askedRate] = askedRate;
    const cut = this.#counters.cut(this.#laneId, this.#names);
    // Nothing is counted in any slot now: pods of the past give theirs back.
    if (this.#names.length > slotsRenewed) {
      this.#names = [''];
      this.#slots.clear();
      this.#slots.set('', 0);
      this.#slotOfReader = [];
    }
    return cut;
  }

  /**
   * A new run: first answers count anew. Calls under way were issued in the run before and end in this one: they are
   * carried in as issued, so that the sums hold for each run by itself.
   */
  newRun(): void {
    this.#count(head.issued, this.inFlight);
    this.#greeted.clear();
    this.#run += 1;
    this.#issuedInAll = 0;
  }

  /** Tells of open bursts before the lane ends. */
  close(now: number): void {
    this.#losses.flush(now, true);
  }
}

function withSentAt(route: SentRoute, sentAt: number): CallRoute {
  const { address, connectionId, connectedAt, resolutionId, resolvedAt, pick, upstreamHost } = route;
  const { attempts, transparentRetries } = route;
  return {
    ...{ address, connectionId, connectedAt, resolutionId, resolvedAt, pick, upstreamHost },
    ...{ sentAt, attempts, transparentRetries },
  };
}

function idsOf(route: CallRoute) {
  return {
    ...(route.address === undefined ? {} : { address: route.address }),
    ...(route.connectionId === undefined ? {} : { connectionId: route.connectionId }),
    ...(route.resolutionId === undefined ? {} : { resolutionId: route.resolutionId }),
  };
}
