import { expect, test } from 'vitest';
import { FakeTime } from '../balancing/testing/fake-time.ts';
import { ManualWatch } from '../balancing/testing/manual-watch.ts';
import { ServicePresence } from './service-presence.ts';

function setUp() {
  const time = new FakeTime();
  const watch = new ManualWatch();
  const states: string[] = [];
  const presence = new ServicePresence({
    target: 'greeter-haproxy.lbscope.svc.cluster.local:10000',
    sliceWatch: watch,
    timers: time,
    onState: (state) => void states.push(state),
  });
  presence.start();
  return { time, watch, states, presence };
}
const address = { host: '10.0.0.1', port: 10_000 };

test('follows the slices of the Service, and waits for kube-proxy before it says that the proxy answers', async () => {
  const { time, watch, states } = setUp();
  expect(watch.watched).toEqual(['greeter-haproxy.lbscope:10000']);
  watch.endpoints([]);
  expect(states).toEqual(['unreachable']);
  watch.endpoints([address]);
  expect(states).toEqual(['unreachable']);
  await time.advance(1_200);
  expect(states.at(-1)).toBe('ok');
  const before = states.length;
  await time.advance(5_000);
  expect(states).toHaveLength(before);
});

test('an absence is told again and again, as the lane is patient by what it hears', async () => {
  const { time, watch, states, presence } = setUp();
  watch.endpoints([address]);
  await time.advance(2_000);
  watch.endpoints([]);
  await time.advance(10_000);
  expect(states.filter((state) => state === 'unreachable').length).toBeGreaterThan(9);
  presence.stop();
  expect(watch.listeners.size).toBe(0);
  expect(time.pending).toBe(0);
});

test('gone again before kube-proxy knew: never said to answer; forbidden: calls tell', async () => {
  const { time, watch, states } = setUp();
  watch.endpoints([address]);
  await time.advance(500);
  watch.endpoints([]);
  await time.advance(3_000);
  expect(states).not.toContain('ok');
  watch.state('forbidden');
  expect(states.at(-1)).toBe('ok');
});
