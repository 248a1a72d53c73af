import fc from 'fast-check';
import type { Pod } from '../gen/lbscope/events/v1/events_pb.js';
import { addressOf, even, fourLanes, type lanes, pod, type Script } from './testkit.ts';
import { fromMs } from './time.ts';

const laneIds = ['clusterip', 'headless', 'kubewatch', 'envoy'] as const satisfies (keyof typeof lanes)[];

const laneStates = [
  { state: 'running' },
  { state: 'stopped' },
  { state: 'unavailable', reason: 'r', code: 'no_answer' },
  {
    state: 'unavailable',
    reason: 'u',
    code: 'unreachable',
    since: fromMs(1_790_000_000_500),
    detour: { command: 'kubectl', lane: { id: 'forwarded', target: '127.0.0.1:50051' }, limit: 'l', inside: 'i' },
  },
];

/** For tests: one step of a plausible life of a cluster: what, of which pod, on which lane, after how long. */
export const step = fc.record({
  what: fc.constantFrom(
    'frame',
    'frame',
    'frame',
    'add',
    'ready',
    'slice',
    'unready',
    'restart',
    'terminate',
    'gone',
    'resolve',
    'fail',
    'connect',
    'disconnect',
    'picker',
    'answer',
    'scale',
    'delete',
    'crash',
    'rollout',
    'unreadyAsked',
    'readyAsked',
    'deployment',
    'lane',
    'removeLane',
    'watch',
    'laneState',
    'traffic',
    'trigger',
    'sample',
    'newRun',
    'next',
    'goaway',
    'agent',
    'agent',
    'others',
    'others',
    'shared',
  ),
  n: fc.integer({ min: 1, max: 7 }),
  lane: fc.constantFrom(...laneIds),
  wait: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 30_000 })),
  some: fc.integer({ min: 0, max: 127 }),
});
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** For tests: the updates of such a life, as an agent would send them. */
export function play(steps: readonly Step[]): Script {
  const { script } = fourLanes();
  const ready = new Set([1, 2, 3]);
  const chosen = (some: number) => [1, 2, 3, 4, 5, 6, 7].filter((n) => some & (1 << (n - 1)));
  for (const { what, n, lane: laneId, wait, some } of steps) {
    script.wait(wait);
    const p: Pod = pod(n, { incarnation: some % 3, ready: ready.has(n), terminating: false });
    const addresses = chosen(some).map((k) => addressOf(pod(k)));
    switch (what) {
      case 'frame':
        script.frame(
          {
            [laneId]: [
              ...chosen(some).map((k) => ({
                uid: `uid-${k}`,
                answered: k,
                failed: some % 2,
                toRemoved: some % 3,
                inferred: some % 5 === 1,
              })),
              { uid: '', failed: some % 2 },
            ],
          },
          200 + (some % 5),
        );
        break;
      case 'add':
        script.podEvent('podAdded', p);
        break;
      case 'ready':
        script.podEvent('podReady', p);
        break;
      case 'slice':
        if (some % 2) ready.add(n);
        else ready.delete(n);
        script.slice([...ready].map((k) => pod(k)));
        break;
      case 'unready':
        script.podEvent('podUnready', p);
        break;
      case 'restart':
        script.podEvent('podRestarted', p);
        break;
      case 'terminate':
        script.podEvent('podTerminating', pod(n, { terminating: true }));
        break;
      case 'gone':
        script.podEvent('podGone', p);
        break;
      case 'resolve':
        script.resolved(laneId, addresses);
        break;
      case 'fail':
        script.event(
          {
            case: 'resolutionFailed',
            value: { source: 'dns', code: 'NXDOMAIN', message: 'no such name', effect: some % 2 ? 'dropped' : 'kept' },
          },
          { laneId, resolutionId: `f${some}` },
        );
        break;
      case 'connect':
        script.connected(laneId, addressOf(p));
        break;
      case 'disconnect':
        script.event(
          { case: 'disconnected', value: { reason: 'reset' } },
          { laneId, connectionId: `${laneId}-${addressOf(p)}` },
        );
        break;
      case 'picker':
        script.picker(laneId, addresses, some % 3);
        break;
      case 'answer':
        script.firstAnswer(laneId, p, some % 3);
        break;
      case 'scale':
        script.event({ case: 'scaleAsked', value: { from: n, to: some % 8 } });
        break;
      case 'delete':
        script.event({ case: 'deleteAsked', value: { pod: p.name, gracePeriodSeconds: some % 2 } });
        break;
      case 'crash':
        script.event({ case: 'behaviorAsked', value: { pod: p.name, crash: true } }, { podUid: p.uid });
        break;
      case 'rollout':
        script.event({ case: 'rolloutAsked', value: {} });
        break;
      case 'unreadyAsked':
      case 'readyAsked':
        script.event(
          { case: 'behaviorAsked', value: { pod: p.name, ready: what === 'readyAsked' } },
          { podUid: p.uid },
        );
        break;
      case 'deployment':
        script.event({
          case: 'deploymentChanged',
          value: { deployment: { name: 'greeter', replicas: n, generation: some } },
        });
        break;
      case 'lane':
        script.lane(laneId);
        break;
      case 'removeLane':
        script.event({ case: 'laneChanged', value: { lane: { id: laneId }, removed: true } });
        break;
      case 'watch':
        script.event({
          case: 'watchState',
          value: {
            watcher: 'truth',
            resource: some % 2 ? 'pods' : 'slices',
            state: ['connecting', 'synced', 'lost', 'forbidden'][n % 4]!,
            message: 'm',
          },
        });
        break;
      case 'laneState':
        script.event({ case: 'laneState', value: laneStates[n % laneStates.length]! }, { laneId });
        break;
      case 'traffic':
        script.event(
          { case: 'trafficChanged', value: { traffic: { ratePerSecond: n }, running: some % 2 === 0 } },
          some % 3 ? {} : { laneId },
        );
        break;
      case 'trigger':
        script.event({ case: 'nextTrigger', value: { kind: 'timer', reason: 'r' } }, { laneId });
        break;
      case 'sample':
        script.event(
          { case: 'sampledCall', value: { kind: 'unary' } },
          { laneId, podUid: p.uid, connectionId: `${laneId}-${addressOf(p)}` },
        );
        break;
      case 'newRun':
        if (some % 8 === 0) script.start(`run-${some}-${n}`);
        break;
      case 'next':
        script.traffic(3, { clusterip: [{ uid: 'uid-1', answered: 20 }], headless: even([pod(1), pod(2), pod(n)]) });
        break;
      case 'agent': {
        const id = `10.0.9.${n % 3}:3002`;
        const state = ['connecting', 'working', 'working', 'late', 'lost'][some % 5];
        const value = { agent: { id, name: `agent-${n % 3}`, state, clockErrorMs: 0.5 }, removed: some % 7 === 0 };
        script.event({ case: 'agentChanged', value }, { agent: id });
        break;
      }
      case 'others': {
        const agent = `10.0.9.${n % 3}:3002`;
        const connectionId = `${agent}/${n}`;
        const kinds = [
          { case: 'resolved', value: { addresses, source: 'dns', changed: true } },
          { case: 'pickerUpdated', value: { addresses, policy: 'round_robin', state: 'READY', channel: some % 2 } },
          { case: 'connected', value: { tookMs: 1 } },
          { case: 'disconnected', value: { reason: 'reset' } },
          { case: 'nextTrigger', value: { kind: 'none', reason: 'nothing triggers a lookup' } },
          { case: 'laneState', value: { state: some % 3 ? 'unavailable' : 'running', reason: some % 3 ? 'no' : '' } },
          { case: 'firstAnswer', value: { issued: 3 } },
          { case: 'lossBurst', value: { errorClass: 'reset', count: 2, attribution: 'none' } },
        ] as const;
        script.event(kinds[some % kinds.length]!, {
          laneId,
          agent,
          connectionId,
          podUid: p.uid,
          address: addressOf(p),
          resolutionId: `${agent}/r${some}`,
        });
        break;
      }
      case 'shared':
        script.frame(
          { [laneId]: chosen(some).map((k) => ({ uid: `uid-${k}`, answered: k })) },
          200,
          100,
          ['', `10.0.9.${n % 3}:3002`],
          { [laneId]: [some % 2, n] },
        );
        break;
      case 'goaway':
        script.event(
          { case: 'subchannelState', value: { state: 'TRANSIENT_FAILURE' } },
          { laneId, connectionId: `${laneId}-${addressOf(p)}` },
        );
        break;
    }
  }
  return script;
}
