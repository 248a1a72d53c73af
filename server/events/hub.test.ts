import { create, equals, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GetSnapshotResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { LaneSpecSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { fold, fromSnapshot, toSnapshot } from '../../model/run.ts';
import type { Update } from '../../model/state.ts';
import { toMs } from '../../model/time.ts';
import { createHub, type Hub } from './hub.ts';
import { frameOf, manualClock } from './testing.ts';
import type { Viewer, ViewerItem } from './viewer.ts';

function start(options: Partial<Parameters<typeof createHub>[0]> = {}) {
  const clock = manualClock();
  let runs = 0;
  const hub = createHub({ clock, agentVersion: 'test', newRunId: () => `run-${++runs}`, ...options });
  hub.newRun('agent started');
  return { clock, hub };
}

/** What waits now; fails rather than hangs when nothing does. */
async function waiting(viewer: Viewer): Promise<readonly ViewerItem[]> {
  const items = await Promise.race([viewer.take(), new Promise<'nothing'>((r) => setTimeout(() => r('nothing'), 50))]);
  if (items === 'nothing' || items === undefined) throw new Error(`expected items, got ${String(items)}`);
  return items;
}

const sequences = (items: readonly ViewerItem[]) => items.map((item) => item.value.sequence);

describe('numbers', () => {
  it('gives events and frames one sequence without gaps', async () => {
    const { hub, clock } = start();
    const seen: Update[] = [];
    hub.subscribe((update) => seen.push(update));
    const first = hub.publish({ kind: { case: 'scaleAsked', value: { from: 3, to: 5 } } });
    hub.frame(frameOf(clock.now(), clock.now() + 200, 20));
    hub.emit({ kind: { case: 'rolloutAsked', value: {} } });
    expect(first).toBe(2);
    expect(seen.map((update) => update.value.sequence)).toEqual([2, 3, 4]);
    expect(hub.sequence).toBe(4);
    expect(hub.snapshot().sequence).toBe(4);
  });

  it('fills in the instant with microseconds, and keeps one that is given', () => {
    const { hub, clock } = start();
    clock.forward(0.125);
    hub.emit({ kind: { case: 'rolloutAsked', value: {} } });
    hub.emit({ at: clock.now() - 30, kind: { case: 'rolloutAsked', value: {} } });
    const [now, before] = hub.snapshot().events.slice(-2);
    expect(now?.at?.nanos).toBe(125_000);
    expect(toMs(now?.at) - toMs(before?.at)).toBeCloseTo(30, 3);
  });

  it('names the pod of a truth event at its top', () => {
    const { hub } = start();
    hub.emit({ kind: { case: 'podReady', value: { pod: { uid: 'u1', name: 'greeter-a', incarnation: 2 } } } });
    expect(hub.snapshot().events.at(-1)).toMatchObject({ podUid: 'u1', incarnation: 2 });
  });

  it('goes on when a subscriber throws, and says so', () => {
    const faults: unknown[] = [];
    const { hub } = start({ onFault: (fault) => faults.push(fault) });
    hub.subscribe(() => {
      throw new Error('mine');
    });
    hub.emit({ kind: { case: 'rolloutAsked', value: {} } });
    expect(hub.sequence).toBe(2);
    expect(faults).toHaveLength(1);
  });
});

describe('watch', () => {
  it('begins with a snapshot, then hands out what follows', async () => {
    const { hub, clock } = start();
    const viewer = hub.watch();
    const [snapshot] = await waiting(viewer);
    expect(snapshot).toMatchObject({ case: 'snapshot', value: { runId: 'run-1', sequence: 1 } });
    hub.frame(frameOf(clock.now(), clock.now() + 200, 20));
    expect(sequences(await waiting(viewer))).toEqual([2]);
    expect(hub.viewers).toBe(1);
    viewer.close();
    expect(hub.viewers).toBe(0);
    expect(await viewer.take()).toBeUndefined();
  });

  it('resumes after the given number, with nothing lost and nothing twice', async () => {
    const { hub, clock } = start();
    for (let i = 0; i < 10; i++) hub.frame(frameOf(clock.now(), clock.now() + 200, i));
    const viewer = hub.watch({ runId: 'run-1', afterSequence: 8 });
    expect(sequences(await waiting(viewer))).toEqual([9, 10, 11]);
    const current = hub.watch({ runId: 'run-1', afterSequence: 11 });
    hub.emit({ kind: { case: 'rolloutAsked', value: {} } });
    expect(sequences(await waiting(current))).toEqual([12]);
  });

  it.each([
    ['other run', 'run-of-yesterday', 1],
    ['from the future', 'run-1', 1_000],
    ['too old', 'run-1', 2],
  ])('says "%s" and starts anew', async (reason, runId, afterSequence) => {
    const { hub, clock } = start({ replayLimit: 10 });
    for (let i = 0; i < 40; i++) hub.frame(frameOf(clock.now(), clock.now() + 200, 1));
    const [first, ...rest] = await waiting(hub.watch({ runId, afterSequence }));
    expect(first).toMatchObject({ case: 'restarted', reason, value: { sequence: hub.sequence } });
    expect(rest).toEqual([]);
  });

  it('a new run makes positions of the old one void', async () => {
    const { hub } = start();
    const before = hub.sequence;
    expect(hub.newRun('new run')).toBe('run-2');
    const [first] = await waiting(hub.watch({ runId: 'run-1', afterSequence: before }));
    expect(first).toMatchObject({ case: 'restarted', reason: 'other run' });
  });
});

describe('a slow viewer', () => {
  const limits = { mergeFrom: 5, restartFrom: 60 };

  it('gets its frames merged: the sums stay, the number waiting does not grow', async () => {
    const { hub, clock } = start({ viewerLimits: limits });
    const viewer = hub.watch();
    await waiting(viewer);
    for (let i = 0; i < 500; i++) {
      hub.frame(frameOf(clock.now(), clock.now() + 200, 3));
      clock.forward(200);
    }
    const items = await waiting(viewer);
    expect(items.length).toBeLessThanOrEqual(limits.mergeFrom + 1);
    const answered = items.map((item) => (item.case === 'frame' ? (item.value.lanes[0]?.answered ?? 0) : 0));
    expect(answered.reduce((a, b) => a + b, 0)).toBe(1_500);
    expect(sequences(items).at(-1)).toBe(hub.sequence);
  });

  it('loses no event, and frames never move past one', async () => {
    const { hub, clock } = start({ viewerLimits: limits });
    const viewer = hub.watch();
    await waiting(viewer);
    for (let i = 0; i < 20; i++) {
      hub.frame(frameOf(clock.now(), clock.now() + 200, 1));
      hub.frame(frameOf(clock.now(), clock.now() + 200, 1));
      hub.emit({ kind: { case: 'scaleAsked', value: { from: i, to: i + 1 } } });
    }
    const items = await waiting(viewer);
    const asked = items.flatMap((item) =>
      item.case === 'event' && item.value.kind.case === 'scaleAsked' ? [item.value.kind.value.from] : [],
    );
    expect(asked).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(sequences(items)).toEqual(sequences(items).toSorted((a, b) => a - b));
  });

  it('past the bound gets a new snapshot instead of a queue without end', async () => {
    const { hub } = start({ viewerLimits: limits });
    const viewer = hub.watch();
    await waiting(viewer);
    for (let i = 0; i < 100; i++) hub.emit({ kind: { case: 'rolloutAsked', value: {} } });
    const [first, ...rest] = await waiting(viewer);
    expect(first).toMatchObject({ case: 'restarted', reason: 'viewer too slow' });
    const from = first?.value.sequence ?? 0;
    expect(sequences(rest)).toEqual(Array.from({ length: hub.sequence - from }, (_, i) => from + 1 + i));
  });
});

/** What happens to a hub in a test of all orders. */
const step = fc.oneof(
  fc.record({ what: fc.constant('frame' as const), answered: fc.integer({ min: 0, max: 500 }) }),
  fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ what: fc.constantFrom('scale', 'ready', 'gone', 'resolved', 'first', 'lane', 'run'), n: fc.nat(5) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function perform(hub: Hub, clock: ReturnType<typeof manualClock>, steps: readonly Step[]) {
  for (const it of steps) {
    if (it.what === 'frame') hub.frame(frameOf(clock.now() - 200, clock.now(), it.answered));
    else if (it.what === 'wait') clock.forward(it.ms);
    else {
      const pod = { uid: `pod-${it.n}`, name: `greeter-${it.n}`, ip: `10.0.0.${it.n}` };
      const laneId = 'headless';
      switch (it.what) {
        case 'scale':
          hub.emit({ kind: { case: 'scaleAsked', value: { from: it.n, to: it.n + 1 } } });
          break;
        case 'ready':
          hub.emit({ kind: { case: 'podReady', value: { pod } } });
          hub.emit({
            kind: {
              case: 'sliceChanged',
              value: { added: [`${pod.ip}:1`], all: [{ address: `${pod.ip}:1`, podUid: pod.uid, ready: true }] },
            },
          });
          break;
        case 'gone':
          hub.emit({ kind: { case: 'podGone', value: { pod } } });
          break;
        case 'resolved':
          hub.emit({
            laneId,
            resolutionId: `r${it.n}`,
            kind: { case: 'resolved', value: { addresses: [`${pod.ip}:1`], source: 'dns', changed: true } },
          });
          break;
        case 'first':
          hub.emit({ laneId, podUid: pod.uid, kind: { case: 'firstAnswer', value: { issued: 3 } } });
          break;
        case 'lane':
          hub.emit({
            laneId,
            kind: { case: 'laneChanged', value: { lane: create(LaneSpecSchema, { id: laneId }), removed: it.n === 0 } },
          });
          break;
        case 'run':
          if (it.n === 0) hub.newRun('new run');
          break;
      }
    }
  }
}

describe('snapshot and stream', () => {
  it('the snapshot at n, then n+1..m, is the snapshot at m', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 60 }), async (before, after) => {
        // A viewer that keeps up: merged frames are coarser bins.
        const { hub, clock } = start({ viewerLimits: { mergeFrom: 1_000, restartFrom: 10_000 } });
        perform(hub, clock, before);
        const viewer = hub.watch();
        const [first] = await waiting(viewer);
        if (first?.case !== 'snapshot') throw new Error('a snapshot was expected');
        const wire = toBinary(GetSnapshotResponseSchema, first.value);
        let run = fromSnapshot(fromBinary(GetSnapshotResponseSchema, wire));
        perform(hub, clock, after);
        if (hub.sequence > first.value.sequence) {
          for (const item of await waiting(viewer)) {
            if (item.case !== 'event' && item.case !== 'frame') throw new Error(item.case);
            run = fold(run, item);
          }
        }
        const now = clock.now();
        expect(equals(GetSnapshotResponseSchema, toSnapshot(run, now), toSnapshot(hub.run, now))).toBe(true);
        viewer.close();
      }),
      { numRuns: 100 },
    );
  });
});
