import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { LaneFrame } from '../../gen/lbscope/events/v1/events_pb.js';
import type { Hub } from '../events/hub.ts';
import type { Clock } from '../events/port.ts';
import { LatencyMetric } from './latency-metric.ts';

export interface Metrics {
  /** Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

interface Series {
  readonly labels: { lane: string; pod: string; outcome: string };
  readonly uid: string;
  count: number;
}

/** Up to where another agent's counts are here, by its id; undefined: it has no session, or reported nothing yet. */
type ReportedTo = (agent: string) => number | undefined;

/** The states of other agents (proto Agent.state): each has a value, or a state that nobody is in would have no zero. */
const agentStates = ['connecting', 'working', 'late', 'lost'];

/** What the agent counts, for Prometheus. Series of a pod go when the run forgets it, or they would grow for ever. */
export function createMetrics(
  hub: Hub,
  clock: Clock,
  reportedTo: ReportedTo = () => undefined,
  latency: LatencyMetric = new LatencyMetric(),
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const calls = new Map<string, Series>();
  const registers = [registry];
  new Counter({
    name: 'lbscope_calls_total',
    help: 'Calls by lane, pod (empty: no pod can be named) and outcome (answered or an error class)',
    labelNames: ['lane', 'pod', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const [key, { labels, uid, count }] of calls) {
        const laneGone = !hub.run.lanes.has(labels.lane);
        if (laneGone || (uid !== '' && !hub.run.pods.has(uid))) calls.delete(key);
        else this.inc(labels, count);
      }
    },
  });
  const frames = new Counter({ name: 'lbscope_frames_total', help: 'Frames numbered by the hub', registers });
  const events = new Counter({
    name: 'lbscope_events_total',
    help: 'Events numbered by the hub, by kind',
    labelNames: ['kind'],
    registers,
  });
  new Gauge({
    name: 'lbscope_viewers',
    help: 'Open Watch streams',
    registers,
    collect() {
      this.set(hub.viewers);
    },
  });
  const inFlight = new Gauge({
    name: 'lbscope_calls_in_flight',
    help: 'Calls in flight at the end of the last frame, by lane',
    labelNames: ['lane'],
    registers,
  });

  new Gauge({
    name: 'lbscope_belief_age_seconds',
    help: 'Since a lane was last told the addresses it believes in',
    labelNames: ['lane'],
    registers,
    collect() {
      this.reset();
      for (const { id, belief } of hub.run.lanes.values()) {
        if (belief.resolvedAt !== undefined) this.set({ lane: id }, (clock.now() - belief.resolvedAt) / 1_000);
      }
    },
  });
  const watchLosses = new Counter({
    name: 'lbscope_watch_restarts_total',
    help: 'Watches of the Kubernetes API that were lost or forbidden and begin anew, by who watches (truth, or a lane)',
    labelNames: ['watcher', 'resource'],
    registers,
  });
  const agentLabel = (id: string) => (id === '' ? 'this' : hub.run.agents.get(id)?.name || id);
  new Gauge({
    name: 'lbscope_agents',
    help: 'Other agents that drive a part of the traffic, by state; those that work or are late report',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of agentStates) this.set({ state }, 0);
      for (const { state } of hub.run.agents.values()) this.inc({ state });
    },
  });
  new Gauge({
    name: 'lbscope_agent_report_age_seconds',
    help: 'Since the end of the last interval that another agent has reported',
    labelNames: ['agent'],
    registers,
    collect() {
      this.reset();
      for (const { id } of hub.run.agents.values()) {
        const to = reportedTo(id);
        if (to !== undefined) this.set({ agent: agentLabel(id) }, Math.max(0, clock.now() - to) / 1_000);
      }
    },
  });
  const shortfall = new Map<string, { readonly lane: string; readonly agent: string; count: number }>();
  new Counter({
    name: 'lbscope_shortfall_total',
    help: 'Calls that were due and given up, as they could not be sent in time, by lane and agent ("this": the one that is asked)',
    labelNames: ['lane', 'agent'],
    registers,
    collect() {
      this.reset();
      for (const [key, { lane, agent, count }] of shortfall) {
        if (!hub.run.lanes.has(lane) || (agent !== '' && !hub.run.agents.has(agent))) shortfall.delete(key);
        else this.inc({ lane, agent: agentLabel(agent) }, count);
      }
    },
  });
  const overloaded = new Map<string, { readonly lane: string; readonly agent: string }>();
  new Gauge({
    name: 'lbscope_overloaded',
    help: 'An agent is asked for more calls on a lane than it can send: 1; no longer: the series is gone',
    labelNames: ['lane', 'agent'],
    registers,
    collect() {
      this.reset();
      for (const [key, { lane, agent }] of overloaded) {
        const works = ['working', 'late'].includes(hub.run.agents.get(agent)?.state ?? '');
        if (!hub.run.lanes.has(lane) || (agent !== '' && !works)) overloaded.delete(key);
        else this.set({ lane, agent: agentLabel(agent) }, 1);
      }
    },
  });
  const service = new Map<string, Series>();
  const served = new Map<string, Series>();
  const perPod = (name: string, help: string, from: Map<string, Series>) =>
    new Counter({
      name,
      help,
      labelNames: ['lane', 'pod'],
      registers,
      collect() {
        this.reset();
        for (const [key, { labels, uid, count }] of from) {
          if (!hub.run.lanes.has(labels.lane) || !hub.run.pods.has(uid)) from.delete(key);
          else this.inc({ lane: labels.lane, pod: labels.pod }, count);
        }
      },
    });
  perPod('lbscope_pod_service_seconds_sum', 'Sum of service times of answered calls, by lane and pod', service);
  perPod('lbscope_pod_service_seconds_count', 'Answered calls, by lane and pod', served);

  function count(lane: string, uid: string, outcome: string, n: number, into = calls) {
    if (n === 0) return;
    const key = `${lane}/${uid}/${outcome}`;
    const series = into.get(key);
    if (series !== undefined) series.count += n;
    else {
      const pod = uid === '' ? '' : (hub.run.pods.get(uid)?.pod.name ?? uid);
      into.set(key, { labels: { lane, pod, outcome }, uid, count: n });
    }
  }

  function countShortfall(lane: string, agent: string, n: number) {
    const key = `${lane}/${agent}`;
    const series = shortfall.get(key);
    if (series !== undefined) series.count += n;
    else shortfall.set(key, { lane, agent, count: n });
  }

  function countLane(lane: LaneFrame) {
    inFlight.set({ lane: lane.laneId }, lane.inFlight);
    if (lane.agents.length === 0) countShortfall(lane.laneId, '', lane.shortfall);
    for (const part of lane.agents) countShortfall(lane.laneId, part.agent, part.shortfall);
    for (const pod of lane.pods) {
      count(lane.laneId, pod.podUid, 'answered', pod.answered);
      count(lane.laneId, pod.podUid, '', pod.serviceTimeSumMs / 1_000, service);
      count(lane.laneId, pod.podUid, '', pod.answered, served);
      for (const failed of pod.failed) count(lane.laneId, pod.podUid, failed.errorClass, failed.count);
    }
  }

  const unsubscribe = hub.subscribe((update) => {
    if (update.case === 'frame') {
      frames.inc();
      for (const lane of update.value.lanes) countLane(lane);
      return;
    }
    const { kind, laneId, agent = '' } = update.value;
    if (kind.case !== undefined) events.inc({ kind: kind.case });
    if (kind.case === 'watchState' && ['lost', 'forbidden'].includes(kind.value.state)) {
      watchLosses.inc({ watcher: kind.value.watcher, resource: kind.value.resource });
    }
    if (kind.case === 'overload' && laneId !== undefined) {
      if (kind.value.over) overloaded.set(`${laneId}/${agent}`, { lane: laneId, agent });
      else overloaded.delete(`${laneId}/${agent}`);
    }
    if (kind.case === 'laneChanged' && kind.value.removed && laneId !== undefined) {
      inFlight.remove({ lane: laneId });
    }
  });

  return {
    text: async () =>
      (await registry.metrics()) +
      latency.text(
        'lbscope_latency_seconds',
        'Of answered calls, from the intended send to the end, by lane and pod (empty: no pod can be named)',
        hub.run,
      ),
    contentType: registry.contentType,
    close() {
      unsubscribe();
      registry.clear();
    },
  };
}
