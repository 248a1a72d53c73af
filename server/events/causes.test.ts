import { expect, it } from 'vitest';
import { createHub } from './hub.ts';
import type { EventInit } from './port.ts';
import { manualClock } from './testing.ts';

/** Emits and answers, for each event, the index of its cause in the list; -1 without one. */
function causes(events: readonly EventInit[]): number[] {
  const hub = createHub({ clock: manualClock(), agentVersion: 'test' });
  const numbers = events.map((event) => hub.publish(event));
  const all = hub.snapshot().events;
  return numbers.map((number) => {
    const { cause } = all.find((event) => event.sequence === number) ?? {};
    return cause === undefined ? -1 : numbers.indexOf(cause);
  });
}

const pod = (uid: string) => ({ pod: { uid, name: `greeter-${uid}` } });
const endpoint = (uid: string, ready = true) => ({
  address: `10.0.0.${uid}:50051`,
  podUid: uid,
  pod: `greeter-${uid}`,
  ready,
});
const slice = (added: string[], removed: string[], all: string[]): EventInit => ({
  kind: {
    case: 'sliceChanged',
    value: {
      added: added.map((uid) => endpoint(uid).address),
      removed: removed.map((uid) => endpoint(uid).address),
      all: all.map((uid) => endpoint(uid)),
    },
  },
});
const resolved = (laneId: string, resolutionId: string, uids: string[], changed = true): EventInit => ({
  laneId,
  resolutionId,
  kind: {
    case: 'resolved',
    value: { addresses: uids.map((uid) => endpoint(uid).address), source: 'watch', changed },
  },
});
const on = (kind: EventInit['kind'], ids: Partial<EventInit>): EventInit => ({ laneId: 'kubewatch', ...ids, kind });

it('follows a new pod from its readiness to its first answer', () => {
  expect(
    causes([
      { kind: { case: 'podReady', value: pod('1') } },
      slice(['1'], [], ['1']),
      resolved('kubewatch', 'r1', ['1']),
      on({ case: 'connecting', value: { attempt: 1 } }, { resolutionId: 'r1', connectionId: 'c1' }),
      on({ case: 'connected', value: { tookMs: 1 } }, { resolutionId: 'r1', connectionId: 'c1' }),
      on({ case: 'pickerUpdated', value: { addresses: [] } }, { connectionId: 'c1' }),
      on({ case: 'firstAnswer', value: { issued: 1 } }, { connectionId: 'c1', podUid: '1' }),
    ]),
  ).toEqual([-1, 0, 1, 2, 3, 4, 4]);
});

it('a lane that hears before the truth has no cause, rather than the wrong one', () => {
  expect(causes([slice(['1'], [], ['1']), resolved('kubewatch', 'r1', ['1', '2'])])).toEqual([-1, -1]);
});

it('an answer that changed nothing came of its lookup, not of the slices', () => {
  expect(
    causes([
      slice(['1'], [], ['1']),
      on({ case: 'resolutionStarted', value: { source: 'dns' } }, { resolutionId: 'r1' }),
      resolved('kubewatch', 'r1', ['1'], false),
      on({ case: 'nextTrigger', value: { kind: 'timer' } }, { resolutionId: 'r1' }),
    ]),
  ).toEqual([-1, -1, 1, 2]);
});

it('a lost connection leads to the lookup, and a GOAWAY to the loss', () => {
  expect(
    causes([
      on({ case: 'goawayReceived', value: { code: 0 } }, { connectionId: 'c1' }),
      on({ case: 'disconnected', value: { reason: 'goaway' } }, { connectionId: 'c1' }),
      on({ case: 'lossBurst', value: { errorClass: 'reset', count: 2 } }, { connectionId: 'c1' }),
      on({ case: 'resolutionStarted', value: { source: 'dns' } }, { connectionId: 'c1', resolutionId: 'r2' }),
    ]),
  ).toEqual([-1, 0, 1, 1]);
});

it('asking leads to what the pod does, once', () => {
  expect(
    causes([
      slice(['1', '2'], [], ['1', '2']),
      { kind: { case: 'deleteAsked', value: { pod: 'greeter-1' } } },
      { kind: { case: 'podTerminating', value: pod('1') } },
      slice([], ['1'], ['2']),
      { kind: { case: 'podGone', value: pod('1') } },
      { kind: { case: 'behaviorAsked', value: { pod: '2', crash: true } } },
      { kind: { case: 'podRestarted', value: pod('2') } },
      { kind: { case: 'podRestarted', value: pod('2') } },
    ]),
  ).toEqual([-1, -1, 1, 2, 2, -1, 5, -1]);
});

it('the asked number of replicas explains one change of the Deployment', () => {
  const deployment = (replicas: number): EventInit => ({
    kind: { case: 'deploymentChanged', value: { deployment: { name: 'greeter', replicas } } },
  });
  expect(
    causes([{ kind: { case: 'scaleAsked', value: { from: 3, to: 5 } } }, deployment(3), deployment(5), deployment(5)]),
  ).toEqual([-1, -1, 0, -1]);
});

it('does not mix up the same identifiers on two lanes, and keeps a cause that is given', () => {
  expect(
    causes([
      resolved('headless', 'r1', ['1']),
      on({ case: 'connecting', value: {} }, { resolutionId: 'r1', connectionId: 'c1' }),
      on({ case: 'connecting', value: {} }, { resolutionId: 'r1', connectionId: 'c1', cause: 1 }),
    ]),
  ).toEqual([-1, -1, 0]);
});
