import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type WatchResponse, WatchResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { type Phase, Watcher } from './watch.ts';

const heartbeat = () => create(WatchResponseSchema, { item: { case: 'heartbeat', value: {} } });

function start(open: (n: number, signal: AbortSignal) => AsyncIterable<WatchResponse>) {
  vi.useFakeTimers();
  const phases: Phase[] = [];
  const requests: unknown[] = [];
  let seen = 0;
  const watcher = new Watcher({
    open: (request, signal) => {
      requests.push(request);
      return open(requests.length, signal);
    },
    position: () => (seen === 0 ? undefined : { runId: 'r', afterSequence: seen }),
    receive: () => {
      seen += 1;
    },
    phase: (phase) => phases.push(phase),
    now: () => Date.now(),
    setTimeout: (run, ms) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    random: () => 0.5,
  });
  const done = watcher.run();
  return { phases, requests, watcher, done };
}

afterEach(() => {
  vi.useRealTimers();
});

async function* silent(signal: AbortSignal): AsyncGenerator<WatchResponse> {
  await new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
  );
  yield heartbeat();
}

describe('Watcher', () => {
  it('resumes where the last stream ended', async () => {
    const { requests, phases, watcher, done } = start(async function* (n, signal) {
      yield heartbeat();
      if (n > 1) yield* silent(signal);
    });
    await vi.advanceTimersByTimeAsync(300);
    expect(requests).toEqual([{}, { runId: 'r', afterSequence: 1 }]);
    expect(phases.map((each) => each.kind)).toEqual(['connecting', 'live', 'lost', 'live']);
    watcher.stop();
    await done;
  });

  it('gives a silent stream up after 8 s and says why', async () => {
    const { phases, watcher, done } = start(async function* (_, signal) {
      yield heartbeat();
      yield* silent(signal);
    });
    await vi.advanceTimersByTimeAsync(7_900);
    expect(phases.at(-1)?.kind).toBe('live');
    await vi.advanceTimersByTimeAsync(200);
    expect(phases.at(-1)).toMatchObject({ kind: 'lost', reason: 'the agent sent nothing for 8 s' });
    watcher.stop();
    await done;
  });

  it('waits longer each time, up to 5 s, and not at all when hurried', async () => {
    // biome-ignore lint/correctness/useYield: a stream that fails before its first message
    const { requests, watcher, done } = start(async function* () {
      throw new Error('refused');
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(250 + 500 + 1_000 + 2_000 + 4_000);
    expect(requests).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(requests).toHaveLength(6);
    watcher.hurry();
    await vi.advanceTimersByTimeAsync(0);
    expect(requests).toHaveLength(7);
    watcher.stop();
    await done;
  });
});
