import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { LookupOutcome } from '../balancing/resolver/port.ts';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { ManualWatch } from '../balancing/testing/manual-watch.ts';
import { nodeTimers } from '../events/clock.ts';
import { tcpDial } from './dial.ts';
import type { ClusterTarget } from './dialled.ts';
import type { Dialled } from './port.ts';
import { Reach, type ReachState } from './reach.ts';

const pods: ClusterTarget = { kind: 'pods', service: { namespace: 'lbscope', name: 'greeter' }, port: 50_051 };
const host = 'greeter.lbscope.svc.cluster.local';
const name: ClusterTarget = { ...pods, kind: 'name', host, port: 50_051 };
const at = (n: number) => ({ host: `10.0.0.${n}`, port: 50_051 });
const refused: Dialled = { ok: false, why: 'connection refused' };

function setUp(target: ClusterTarget, found: LookupOutcome = { ok: true, addresses: ['10.96.0.1'] }) {
  const time = new FakeTime();
  const watch = new ManualWatch();
  const states: ReachState[] = [];
  const dialled: string[] = [];
  const answers = new Map<string, Dialled>();
  const network = { found, onDial: () => {} };
  let lookups = 0;
  const reach = new Reach({
    target,
    lookup: {
      lookup: async () => {
        lookups += 1;
        return network.found;
      },
    },
    sliceWatch: watch,
    dial: async ({ host, port }) => {
      dialled.push(`${host}:${port}`);
      network.onDial();
      return answers.get(host) ?? refused;
    },
    clock: time,
    timers: time,
    onState: (state) => states.push(state),
  });
  reach.start();
  return { time, watch, states, dialled, answers, network, reach, lookups: () => lookups };
}

test('pods that take a connection: asked until it is known, then never again', async () => {
  const { time, watch, states, dialled, answers } = setUp(pods);
  expect(states).toEqual([{ kind: 'asking', what: 'the pods of greeter' }]);
  answers.set('10.0.0.2', { ok: true });
  watch.endpoints([at(1), at(2)]);
  await time.advance(0);
  expect(states.at(-1)).toEqual({ kind: 'open' });
  expect(watch.listeners.size).toBe(0);
  // What happens to them later is no matter of the network.
  await time.advance(600_000);
  expect(dialled).toEqual(['10.0.0.1:50051', '10.0.0.2:50051']);
  expect(time.pending).toBe(0);
});

test('pods out of reach: told after the second round, with what was tried and since when; three of many are dialled', async () => {
  const { time, watch, states, dialled, answers } = setUp(pods);
  await time.advance(5_000);
  const since = time.now();
  answers.set('10.0.0.1', { ok: false, why: 'no answer within 3 s' });
  watch.endpoints([at(1), at(2), at(3), at(4), at(5)]);
  await time.advance(1_999);
  expect(states).toHaveLength(1);
  await time.advance(1);
  expect(states.at(-1)).toEqual({
    kind: 'unreachable',
    reason:
      "connecting to its 5 pods from the agent's machine fails " +
      '(10.0.0.1:50051: no answer within 3 s; 10.0.0.2:50051: connection refused; 10.0.0.3:50051: connection refused)',
    since,
  });
  expect(dialled).toHaveLength(6);
});

test('it is asked on with pauses that grow to 30 s, and the lane opens by itself', async () => {
  const { time, watch, states, dialled, answers } = setUp(pods);
  watch.endpoints([at(1)]);
  const rounds: number[] = [];
  let seen = 0;
  for (let second = 0; second <= 100; second += 1) {
    await time.advance(second === 0 ? 0 : 1_000);
    if (dialled.length > seen) rounds.push(second);
    seen = dialled.length;
  }
  expect(rounds).toEqual([0, 2, 6, 14, 30, 60, 90]);
  answers.set('10.0.0.1', { ok: true });
  await time.advance(30_000);
  expect(states.at(-1)).toEqual({ kind: 'open' });
  expect(time.pending).toBe(0);
});

test('a new address is tried soon, whatever the pause; a change that brings none is not news', async () => {
  const { time, watch, states, dialled, answers } = setUp(pods);
  watch.endpoints([at(1), at(2)]);
  await time.advance(40_000);
  const before = dialled.length;
  watch.endpoints([at(1)]);
  await time.advance(5_000);
  expect(dialled).toHaveLength(before);
  answers.set('10.0.0.9', { ok: true });
  watch.endpoints([at(1), at(9)]);
  await time.advance(2_000);
  expect(states.at(-1)).toEqual({ kind: 'open' });
});

test('pods that crash while they are dialled prove nothing', async () => {
  const { time, watch, states, network } = setUp(pods);
  let n = 1;
  // Each is replaced as it is dialled.
  network.onDial = () => watch.endpoints([at(++n)]);
  watch.endpoints([at(1)]);
  await time.advance(60_000);
  expect(n).toBeGreaterThan(10);
  expect(states.filter(({ kind }) => kind === 'unreachable')).toEqual([]);
});

test('nothing is ready: calls go out and show that, nothing is dialled; scaled from none it is asked anew', async () => {
  const { time, watch, states, dialled } = setUp(pods);
  watch.endpoints([]);
  await time.advance(60_000);
  expect(states.at(-1)).toEqual({ kind: 'open' });
  expect(dialled).toEqual([]);
  watch.endpoints([at(1)]);
  await time.advance(2_000);
  expect(states.at(-1)).toMatchObject({ kind: 'unreachable' });
  watch.endpoints([]);
  expect(states.at(-1)).toEqual({ kind: 'open' });
  await time.advance(60_000);
  expect(dialled).toHaveLength(2);
});

test('a name that the DNS here does not know; known, its virtual IP is dialled and no pod', async () => {
  const { time, watch, states, dialled, answers, network, lookups } = setUp(name, {
    ok: false,
    code: 'NXDOMAIN',
    message: 'queryA ENOTFOUND',
  });
  await time.advance(60_000);
  expect(lookups()).toBe(0);
  watch.endpoints([at(1)]);
  await time.advance(2_000);
  expect(lookups()).toBe(2);
  expect(states.at(-1)).toMatchObject({
    kind: 'unreachable',
    reason: `looking up ${host} from the agent's machine fails: there is no such name`,
  });
  expect(dialled).toEqual([]);
  network.found = { ok: true, addresses: ['10.96.0.1'] };
  await time.advance(4_000);
  expect(states.at(-1)).toMatchObject({
    kind: 'unreachable',
    reason: `connecting to ${host} from the agent's machine fails (10.96.0.1:50051: connection refused)`,
  });
  answers.set('10.96.0.1', { ok: true });
  await time.advance(8_000);
  expect(states.at(-1)).toEqual({ kind: 'open' });
  expect(new Set(dialled)).toEqual(new Set(['10.96.0.1:50051']));
});

test('the cluster forbids the watch: pods are left to the lane, a name is asked all the same', async () => {
  const watching = setUp(pods);
  watching.watch.state('forbidden');
  await watching.time.advance(60_000);
  expect(watching.states.at(-1)).toEqual({ kind: 'open' });
  expect(watching.dialled).toEqual([]);
  const naming = setUp(name);
  naming.watch.state('forbidden');
  await naming.time.advance(2_000);
  expect(naming.states.at(-1)).toMatchObject({ kind: 'unreachable' });
});

test('stopped in the middle of a round: nothing is told, nothing goes on', async () => {
  const { time, watch, states, network, reach } = setUp(pods);
  network.onDial = () => reach.stop();
  watch.endpoints([at(1)]);
  await time.advance(60_000);
  expect(states).toHaveLength(1);
  expect(time.pending).toBe(0);
  expect(watch.listeners.size).toBe(0);
});

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

test('tcpDial against real listeners: connected without a byte, refused, and silence up to its deadline', async () => {
  const heard: unknown[] = [];
  const server = createServer((socket) => socket.on('data', (data) => heard.push(data)).on('error', () => {}));
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const ended = new Promise((done) => server.once('connection', (socket) => socket.once('close', done).resume()));
  expect(await tcpDial(nodeTimers)({ host: '127.0.0.1', port })).toEqual({ ok: true });
  await ended;
  expect(heard).toEqual([]);
  await new Promise((done) => server.close(done));
  expect(await tcpDial(nodeTimers)({ host: '127.0.0.1', port })).toEqual({ ok: false, why: 'connection refused' });
  // A deadline that has come before the kernel's word: time is a port, silence need not be waited for.
  const now = {
    setTimeout: (run: () => void) => {
      queueMicrotask(run);
      return { cancel() {} };
    },
  };
  expect(await tcpDial(now)({ host: '127.0.0.1', port })).toEqual({ ok: false, why: 'no answer within 3 s' });
});
