import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Event,
  EventSchema,
  type Frame,
  FrameSchema,
  LaneSpecSchema,
  type Pod,
  PodSchema,
} from '../gen/lbscope/events/v1/events_pb.js';
import { bucketCount, bucketOf, toSparse } from './histogram.ts';
import { emptyRun, fold, type Run, type Update } from './run.ts';
import { fromMs } from './time.ts';

type Plain<T> = Omit<T, '$typeName' | '$unknown'>;
type EventInit = Plain<MessageInitShape<typeof EventSchema>>;

/** For tests: writes the updates that an agent would send, with its own clock and sequence. */
export class Script {
  readonly updates: Update[] = [];
  readonly run: Run = emptyRun();
  now: number;
  #sequence = 0;

  constructor(start = 1_790_000_000_000) {
    this.now = start;
  }

  #push(update: Update): void {
    this.updates.push(update);
    fold(this.run, update);
  }

  event(kind: EventInit['kind'], more: Partial<EventInit> = {}): Event {
    const value = create(EventSchema, { sequence: ++this.#sequence, at: fromMs(this.now), kind, ...more });
    this.#push({ case: 'event', value });
    return value;
  }

  wait(ms: number): this {
    this.now += ms;
    return this;
  }

  start(runId = 'run-1'): this {
    this.event({ case: 'runStarted', value: { runId, reason: 'agent started' } });
    this.event({
      case: 'trafficChanged',
      value: { traffic: { ratePerSecond: 100, connections: 1, kind: 'unary' }, running: true },
    });
    return this;
  }

  lane(id: keyof typeof lanes, more: Partial<Plain<MessageInitShape<typeof LaneSpecSchema>>> = {}): this {
    this.event(
      { case: 'laneChanged', value: { lane: create(LaneSpecSchema, { id, ...lanes[id], ...more }), removed: false } },
      { laneId: id },
    );
    this.event({ case: 'laneState', value: { state: 'running' } }, { laneId: id });
    if (id === 'clusterip') {
      this.resolved(id, ['10.0.0.10:80'], 'static');
      this.connected(id, '10.0.0.10:80');
    }
    return this;
  }

  connected(laneId: string, address: string, connectionId = `${laneId}-${address}`): this {
    this.event({ case: 'connected', value: { tookMs: 1 } }, { laneId, address, connectionId });
    return this;
  }

  resolved(laneId: string, addresses: string[], source = sources[laneId] ?? 'dns', changed = true): this {
    const value = { addresses: [...addresses].sort(), source, trigger: 'test', tookMs: 1, changed };
    this.event({ case: 'resolved', value }, { laneId, resolutionId: `r${this.#sequence}` });
    return this;
  }

  picker(laneId: string, addresses: string[], channel = 0): this {
    this.event(
      { case: 'pickerUpdated', value: { addresses, policy: 'round_robin', state: 'READY', channel } },
      { laneId },
    );
    return this;
  }

  podEvent(
    kind: 'podAdded' | 'podReady' | 'podUnready' | 'podTerminating' | 'podRestarted' | 'podGone',
    pod: Pod,
  ): this {
    this.event({ case: kind, value: { pod } } as EventInit['kind'], {
      podUid: pod.uid,
      incarnation: pod.incarnation,
    });
    return this;
  }

  slice(pods: readonly Pod[]): this {
    const all = pods.map((pod) => ({
      address: addressOf(pod),
      podUid: pod.uid,
      pod: pod.name,
      ready: true,
      serving: true,
    }));
    this.event({ case: 'sliceChanged', value: { service: 'greeter', added: [], removed: [], all } });
    return this;
  }

  firstAnswer(laneId: string, pod: Pod, incarnation = 0): this {
    this.event({ case: 'firstAnswer', value: { issued: 1 } }, { laneId, podUid: pod.uid, incarnation });
    return this;
  }

  /** One frame of `ms`; per lane the answered (and failed) calls by pod. */
  /** `agents`: their ids, "" for the asked one's; the pods' calls are theirs in turn. */
  /** `short`: by lane, what each agent gave up. */
  frame(
    parts: Record<string, PodCall[]>,
    ms = 200,
    askedRate = 100,
    agents: readonly string[] = [],
    short: Record<string, readonly number[]> = {},
  ): Frame {
    const from = this.now;
    this.now += ms;
    const value = create(FrameSchema, {
      sequence: ++this.#sequence,
      from: fromMs(from),
      to: fromMs(this.now),
      lanes: Object.entries(parts).map(([laneId, pods]) => {
        const answered = pods.reduce((sum, pod) => sum + (pod.answered ?? 0), 0);
        const failed = pods.reduce((sum, pod) => sum + (pod.failed ?? 0), 0);
        const ms = pods.map((pod) => ({ n: pod.answered ?? 0, us: (pod.ms ?? 2) * 1000 }));
        return {
          laneId,
          issued: answered + failed,
          answered,
          messages: pods.reduce((sum, pod) => sum + (pod.messages ?? pod.answered ?? 0), 0),
          failed: failed > 0 ? [{ errorClass: 'reset', count: failed }] : [],
          askedRate,
          latency: sparse(ms),
          serviceTime: sparse(ms),
          pods: pods.map((pod) => ({
            podUid: pod.uid,
            answered: pod.answered ?? 0,
            failed: pod.failed ? [{ errorClass: 'reset', count: pod.failed }] : [],
            first: fromMs(from + 1),
            last: fromMs(this.now - 1),
            toRemovedAnswered: pod.toRemoved ?? 0,
            inferred: pod.inferred ?? false,
            messages: pod.messages ?? pod.answered ?? 0,
            serviceTimeSumMs: (pod.answered ?? 0) * (pod.ms ?? 2),
          })),
          agents: agents.map((agent, turn) => {
            const own = pods
              .map(({ answered = 0 }, place) => ({ answered, place }))
              .filter(({ answered, place }) => answered > 0 && place % agents.length === turn);
            return {
              agent,
              issued: own.reduce((sum, { answered }) => sum + answered, 0),
              shortfall: short[laneId]?.[turn] ?? 0,
              pod: own.map(({ place }) => place),
              answered: own.map(({ answered }) => answered),
            };
          }),
        };
      }),
    });
    this.#push({ case: 'frame', value });
    return value;
  }

  /** `seconds` of traffic in frames of 200 ms. */
  traffic(seconds: number, parts: Record<string, PodCall[]>, askedRate = 100): this {
    for (let i = 0; i < seconds * 5; i++) this.frame(parts, 200, askedRate);
    return this;
  }
}

export interface PodCall {
  readonly uid: string;
  readonly answered?: number;
  readonly failed?: number;
  readonly toRemoved?: number;
  readonly inferred?: boolean;
  readonly ms?: number;
  readonly messages?: number;
}

const sources: Record<string, string> = { headless: 'dns', kubewatch: 'watch', envoy: 'envoy' };

export const lanes = {
  clusterip: { label: 'ClusterIP', resolver: 'static', policy: 'pick_first', target: '10.0.0.10:80' },
  headless: { label: 'Headless DNS', resolver: 'dns', policy: 'round_robin', profile: 'grpc-go' },
  kubewatch: { label: 'kube-watch', resolver: 'kubernetes', policy: 'round_robin' },
  envoy: { label: 'Envoy', resolver: 'static', policy: 'pick_first', envoyStatus: '127.0.0.1:9902' },
} as const;

export function pod(n: number, more: Partial<Plain<Pod>> = {}): Pod {
  return create(PodSchema, {
    uid: `uid-${n}`,
    name: `greeter-abc-pod${n}`,
    ip: `10.1.0.${n}`,
    phase: 'Running',
    ...more,
  });
}

export function addressOf(p: Pod): string {
  return `${p.ip}:50051`;
}

/** Even calls over these pods, `each` per frame. */
export function even(pods: readonly Pod[], each = 10): PodCall[] {
  return pods.map(({ uid }) => ({ uid, answered: each }));
}

function sparse(values: readonly { n: number; us: number }[]) {
  const counts = new Array<number>(bucketCount).fill(0);
  let max = 0;
  for (const { n, us } of values) {
    if (n === 0) continue;
    counts[bucketOf(us)]! += n;
    max = Math.max(max, us);
  }
  return toSparse(counts, max);
}

/** Four lanes over three pods, everyone up to date, 12 s of even traffic (ClusterIP on the first pod). */
export function fourLanes(): { script: Script; pods: Pod[] } {
  const script = new Script().start();
  const pods = [pod(1), pod(2), pod(3)];
  for (const p of pods) script.podEvent('podAdded', p);
  for (const p of pods) script.podEvent('podReady', p);
  script.slice(pods);
  for (const id of ['clusterip', 'headless', 'kubewatch', 'envoy'] as const) script.lane(id);
  const addresses = pods.map(addressOf);
  for (const id of ['headless', 'kubewatch'] as const) {
    script.resolved(id, addresses);
    for (const address of addresses) script.connected(id, address);
    script.picker(id, addresses);
  }
  script.resolved('envoy', addresses);
  script.connected('envoy', '10.0.0.20:8080');
  for (const id of ['headless', 'kubewatch', 'envoy'] as const) for (const p of pods) script.firstAnswer(id, p);
  script.firstAnswer('clusterip', pods[0]!);
  script.event(
    { case: 'nextTrigger', value: { kind: 'none', reason: 'nothing pending, every connection is healthy' } },
    { laneId: 'headless' },
  );
  script.event({ case: 'nextTrigger', value: { kind: 'push', reason: 'at the next change' } }, { laneId: 'kubewatch' });
  script.traffic(12, {
    clusterip: [{ uid: 'uid-1', answered: 20 }],
    headless: even(pods),
    kubewatch: even(pods),
    envoy: even(pods),
  });
  return { script, pods };
}
