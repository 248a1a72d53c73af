import type { Event } from '../../gen/lbscope/events/v1/events_pb.js';

/** Events nearer to a moment's first than this are one step: a scale-up tells of many things in one instant. */
const oneMomentMs = 60;

/** What someone did: it names a moment, whatever else the cluster answered within it. */
const acts: ReadonlySet<Event['kind']['case']> = new Set([
  'scaleAsked',
  'deleteAsked',
  'rolloutAsked',
  'behaviorAsked',
  'trafficChanged',
  'laneChanged',
  'scenarioStarted',
  'stepStarted',
  'scenarioEnded',
]);

/** What one steps to: an instant of a run, and the event that says best what happened then. */
export type Moment = {
  /** Of its last event, so that all of it is seen there. */
  atMs: number;
  event: Event;
};

/** Groups events, in order of time, into moments: each as long as 60 ms, named by its first act, else by its last event. */
export function momentsOf(events: readonly { atMs: number; event: Event }[]): Moment[] {
  const moments: Moment[] = [];
  let beganMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, event } of events) {
    const moment = moments.at(-1);
    if (moment === undefined || atMs - beganMs > oneMomentMs) {
      moments.push({ atMs, event });
      beganMs = atMs;
      continue;
    }
    moment.atMs = atMs;
    if (!acts.has(moment.event.kind.case)) moment.event = event;
  }
  return moments;
}
