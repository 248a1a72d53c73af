import { expect, test } from 'vitest';
import { FirstPods, firstPodMs, otherPodsMs, rulesMs } from './first-pods.ts';

function bench() {
  let now = 0;
  let due: { at: number; run: () => void }[] = [];
  const pods = { ready: 0, replicas: undefined as number | undefined };
  const released: number[] = [];
  const wait = new FirstPods({
    timers: {
      setTimeout(run, ms) {
        const timer = { at: now + ms, run };
        due.push(timer);
        return {
          cancel() {
            due = due.filter((each) => each !== timer);
          },
        };
      },
    },
    ready: () => pods.ready,
    replicas: () => pods.replicas,
    release: () => released.push(now),
  });
  return {
    wait,
    pods,
    released,
    forward(ms: number) {
      now += ms;
      const run = due.filter(({ at }) => at <= now);
      due = due.filter(({ at }) => at > now);
      for (const each of run) each.run();
    },
    saw(ready: number, replicas: number | undefined) {
      Object.assign(pods, { ready, replicas });
      wait.look();
    },
    open: () => due.length,
  };
}

test('no pod: the calls wait half a minute, and then show it', () => {
  const b = bench();
  b.saw(0, 3);
  b.forward(firstPodMs - 1);
  expect(b.released).toEqual([]);
  b.forward(1);
  expect(b.released).toEqual([firstPodMs]);
  b.saw(3, 3);
  b.forward(60_000);
  expect(b.released).toHaveLength(1);
});

test('all pods: released once kube-proxy had its second', () => {
  const b = bench();
  b.forward(12_000);
  b.saw(1, 3);
  b.forward(1_000);
  b.saw(3, 3);
  b.forward(rulesMs);
  expect(b.released).toEqual([13_000 + rulesMs]);
  expect(b.open()).toBe(0);
});

test('some pods never come: the first one counts from its own moment', () => {
  const b = bench();
  b.forward(20_000);
  b.saw(1, 3);
  b.forward(otherPodsMs - 1);
  b.saw(2, 3);
  expect(b.released).toEqual([]);
  b.forward(1);
  expect(b.released).toEqual([20_000 + otherPodsMs]);
});

test('scaled to none, forbidden, stopped', () => {
  const none = bench();
  none.saw(0, undefined);
  none.saw(0, 0);
  none.forward(0);
  expect(none.released).toEqual([0]);

  const blind = bench();
  blind.wait.blind();
  blind.forward(rulesMs);
  expect(blind.released).toEqual([rulesMs]);

  const stopped = bench();
  stopped.saw(1, 3);
  stopped.wait.stop();
  stopped.forward(60_000);
  expect(stopped.released).toEqual([]);
});
