import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';

/** The kinds of event that a person steps through: what was asked, what the cluster did, what a path lost. */
export const notableKinds: readonly NonNullable<Event['kind']['case']>[] = [
  'runStarted',
  'scaleAsked',
  'deleteAsked',
  'rolloutAsked',
  'behaviorAsked',
  'trafficChanged',
  'laneChanged',
  'podAdded',
  'podReady',
  'podUnready',
  'podTerminating',
  'podRestarted',
  'podGone',
  'sliceChanged',
  'firstAnswer',
  'lossBurst',
  'laneState',
  'recordingChanged',
  'scenarioStarted',
  'stepStarted',
  'scenarioEnded',
];

/** What happened, in a few words. */
export function eventWords(event: Event): string {
  const { kind } = event;
  const lane = event.laneId ?? 'every lane';
  switch (kind.case) {
    case 'runStarted':
      return 'Run started';
    case 'scaleAsked':
      return `Scale asked: ${kind.value.from} → ${kind.value.to}`;
    case 'deleteAsked':
      return `${kind.value.gracePeriodSeconds === 0 ? 'Delete now' : 'Delete'} asked: ${shortName(kind.value.pod)}`;
    case 'rolloutAsked':
      return 'Rollout restart asked';
    case 'behaviorAsked':
      return behaviorWords(kind.value);
    case 'trafficChanged':
      return kind.value.running ? `Traffic on ${lane}: ${rateWords(kind.value.traffic)}` : `Traffic stopped on ${lane}`;
    case 'laneChanged':
      return `Lane ${lane} ${kind.value.removed ? 'taken away' : 'set'}`;
    case 'podAdded':
      return `Pod ${kind.value.pod?.handle} added`;
    case 'podReady':
      return `Pod ${kind.value.pod?.handle} ready`;
    case 'podUnready':
      return `Pod ${kind.value.pod?.handle} not ready`;
    case 'podTerminating':
      return `Pod ${kind.value.pod?.handle} terminating`;
    case 'podRestarted':
      return `Pod ${kind.value.pod?.handle} restarted`;
    case 'podGone':
      return `Pod ${kind.value.pod?.handle} gone`;
    case 'sliceChanged':
      return `EndpointSlice: ${kind.value.all.filter(({ ready }) => ready).length} ready`;
    case 'firstAnswer':
      return `First answer on ${lane}`;
    case 'lossBurst':
      return `${kind.value.count} lost on ${lane}: ${kind.value.errorClass}`;
    case 'laneState':
      return `Lane ${lane}: ${kind.value.state}`;
    case 'scenarioStarted':
      return `Scenario: ${kind.value.run?.scenario?.title || 'started'}`;
    case 'stepStarted':
      return `Step ${kind.value.index + 1}: ${kind.value.text}`;
    case 'scenarioEnded':
      return `Scenario ended: ${kind.value.outcome}`;
    case 'recordingChanged':
      return kind.value.state === 'recording' ? 'Recording' : kind.value.message || 'Not being recorded';
    default:
      return kind.case ?? 'An event of a newer agent';
  }
}

function behaviorWords(asked: { pod: string; ready?: boolean; delayMs?: number; errorRate?: number; crash?: boolean }) {
  const pod = shortName(asked.pod);
  if (asked.crash === true) return `Crash asked: ${pod}`;
  const parts = [
    asked.ready === undefined ? '' : asked.ready ? 'ready' : 'not ready',
    asked.delayMs === undefined ? '' : `+${asked.delayMs} ms`,
    asked.errorRate === undefined ? '' : `${Math.round(asked.errorRate * 100)} % errors`,
  ];
  return `${pod} told: ${parts.filter(Boolean).join(', ')}`;
}

function rateWords(traffic: { ratePerSecond: number; concurrency: number } | undefined): string {
  if (traffic === undefined) return 'as set';
  return traffic.concurrency > 0 ? `${traffic.concurrency} in flight` : `${traffic.ratePerSecond} calls/s`;
}

/** The last part of a pod's name is what the screen shows of it. */
function shortName(pod: string): string {
  return pod.slice(pod.lastIndexOf('-') + 1).slice(0, 12);
}
