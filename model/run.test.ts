import { create, equals, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GetSnapshotResponseSchema } from '../gen/lbscope/agent/v1/agent_pb.js';
import { emptyRun, fold, fromSnapshot, toSnapshot } from './run.ts';
import { even, fourLanes, pod, Script } from './testkit.ts';
import { play, step } from './testkit-life.ts';

/** Through the wire and back, as a late viewer gets it. */
function travelled(run: ReturnType<typeof emptyRun>, now: number) {
  return fromBinary(GetSnapshotResponseSchema, toBinary(GetSnapshotResponseSchema, toSnapshot(run, now)));
}

describe('snapshot', () => {
  it('a late viewer has what the first one has: fold(snapshot at n, n+1..m) = snapshot at m', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
        // Not a double: those are mostly tiny, and the cut would always be at the start.
        fc.integer({ min: 0, max: 100 }),
        (steps, cut) => {
          const { updates, now } = play(steps);
          const n = Math.floor((cut * updates.length) / 100);
          const first = emptyRun();
          for (const update of updates.slice(0, n)) fold(first, update);
          const late = fromSnapshot(travelled(first, now));
          const rest = updates.slice(n);
          rest.forEach((update, index) => {
            fold(first, update);
            fold(late, update);
            // Not only at the end: a difference may heal by being forgotten.
            if (index % 8 !== 0 && index !== rest.length - 1) return;
            const [a, b] = [toSnapshot(first, now), toSnapshot(late, now)];
            if (!equals(GetSnapshotResponseSchema, a, b)) expect(b).toEqual(a);
          });
        },
      ),
      { numRuns: process.env.LBSCOPE_TEST_FULL ? 1_000 : 40 },
    );
  });

  it('cannot be told from one that went through the wire twice', () => {
    const { script } = fourLanes();
    const once = travelled(script.run, script.now);
    expect(equals(GetSnapshotResponseSchema, travelled(fromSnapshot(once), script.now), once)).toBe(true);
  });

  it('is not changed by folding on', () => {
    const { script, pods } = fourLanes();
    const before = toSnapshot(script.run, script.now);
    const bytes = toBinary(GetSnapshotResponseSchema, before);
    script.event({ case: 'scaleAsked', value: { from: 3, to: 5 } });
    script
      .podEvent('podAdded', pod(4))
      .slice([...pods, pod(4)])
      .traffic(2, { headless: even(pods) });
    expect(toBinary(GetSnapshotResponseSchema, before)).toEqual(bytes);
  });

  it('of nothing is a whole message', () => {
    expect(toSnapshot(emptyRun({ agentVersion: '1' }), 0)).toMatchObject({
      agentVersion: '1',
      sequence: 0,
      headline: 'No lane yet.',
    });
    expect(create(GetSnapshotResponseSchema)).toBeDefined();
  });
});

describe('fold', () => {
  it('ignores what it has seen', () => {
    const { script } = fourLanes();
    const before = toSnapshot(script.run, script.now);
    const version = script.run.version;
    for (const update of script.updates.slice(-20)) fold(script.run, update);
    expect(script.run.version).toBe(version);
    expect(equals(GetSnapshotResponseSchema, toSnapshot(script.run, script.now), before)).toBe(true);
  });

  it('counts calls per lane and pod', () => {
    const { script } = fourLanes();
    const s = toSnapshot(script.run, script.now);
    const lane = (id: string) => s.lanes.find((one) => one.id === id)!;
    expect(lane('clusterip').pods.map((p) => [p.calls, p.share, p.standing])).toEqual([
      [1200, 1, 'used'],
      [0, 0, 'idle'],
      [0, 0, 'idle'],
    ]);
    expect(lane('headless').pods.map((p) => [p.calls, p.standing])).toEqual([
      [600, 'used'],
      [600, 'used'],
      [600, 'used'],
    ]);
    expect(lane('clusterip').fairness).toMatchObject({ podsReady: 3, podsAnswering: 1, calls: 1000 });
    expect(lane('clusterip').fairness!.jain).toBeCloseTo(1 / 3, 9);
    expect(lane('headless').fairness!.jain).toBeCloseTo(1, 9);
    expect(lane('headless').rate!.achieved).toBeCloseTo(150, 6);
    expect(lane('headless').latency!.p50Ms).toBeCloseTo(2, 1);
    expect(lane('headless').latency!.calls).toBe(1500);
  });

  it('remembers that a loss was charged by conclusion, and whose nobody knows', () => {
    const { script } = fourLanes();
    script.frame({
      clusterip: [
        { uid: 'uid-1', failed: 2, inferred: true },
        { uid: '', failed: 3 },
      ],
    });
    script.frame({ clusterip: [{ uid: 'uid-1', answered: 20 }] });
    const lane = toSnapshot(script.run, script.now).lanes[0]!;
    expect(lane.errors).toEqual({ reset: 5 });
    expect(lane.pods[0]).toMatchObject({ errors: 2, errorsInferred: true });
    expect(lane.pods.at(-1)).toMatchObject({ uid: '', standing: 'unattributed', errors: 3, calls: 0 });
  });

  it('colours stay with their pod for the window, whatever an event proposes', () => {
    const { script } = fourLanes();
    script
      .podEvent('podGone', pod(1))
      .wait(70_000)
      .podEvent('podAdded', pod(4, { slot: 1 }));
    expect(toSnapshot(script.run, script.now).pods.map((p) => p.slot)).toEqual([1, 2, 3, 4]);
    script.wait(30_000).podEvent('podAdded', pod(5, { slot: 1 }));
    expect(toSnapshot(script.run, script.now).pods.map((p) => p.slot)).toEqual([2, 3, 4, 5]);
    script.podEvent('podAdded', pod(6, { slot: 1 }));
    expect(toSnapshot(script.run, script.now).pods.at(-1)!.slot).toBe(1);
  });

  it('a connection that is going away, or was given up with its address, takes no part', () => {
    const { script } = fourLanes();
    script.event(
      { case: 'goawayReceived', value: { code: 0 } },
      { laneId: 'clusterip', connectionId: 'clusterip-10.0.0.10:80' },
    );
    script.event(
      { case: 'connecting', value: { attempt: 1 } },
      { laneId: 'headless', connectionId: 'x', address: '10.1.0.9:50051' },
    );
    script.event(
      { case: 'subchannelState', value: { state: 'SHUTDOWN' } },
      { laneId: 'headless', address: '10.1.0.9:50051' },
    );
    expect(script.run.lanes.get('clusterip')!.connections.get('clusterip-10.0.0.10:80')!.state).toBe('IDLE');
    expect(script.run.lanes.get('headless')!.connections.has('x')).toBe(false);
  });

  it('a new run clears the counts and keeps pods, lanes and beliefs', () => {
    const { script } = fourLanes();
    script.start('run-2');
    const s = toSnapshot(script.run, script.now);
    expect(s).toMatchObject({ runId: 'run-2' });
    expect(s.bins).toEqual([]);
    expect(s.pods).toHaveLength(3);
    expect(s.lanes).toHaveLength(4);
    expect(s.lanes.every((lane) => lane.issued === 0 && lane.pods.every((p) => p.calls === 0))).toBe(true);
    expect(s.lanes.find((lane) => lane.id === 'headless')!.belief!.addresses).toHaveLength(3);
  });

  it('starts anew where the sequence does, with another run', () => {
    const { script } = fourLanes();
    const other = new Script(script.now).start('run-9');
    fold(script.run, other.updates[0]!);
    expect(script.run).toMatchObject({ runId: 'run-9', sequence: 1 });
  });

  it('keeps frames for 90 s of their own time, and pods in their order and colour', () => {
    const { script, pods } = fourLanes();
    script.event({ case: 'deleteAsked', value: { pod: pods[1]!.name } }, { podUid: pods[1]!.uid });
    script.podEvent('podTerminating', pod(2, { terminating: true })).slice([pods[0]!, pods[2]!]);
    script.podEvent('podAdded', pod(4)).podEvent('podGone', pods[1]!);
    script.traffic(59, { headless: even([pods[0]!]) });
    let s = toSnapshot(script.run, script.now);
    expect(s.pods.map((p) => [p.uid, p.slot])).toEqual([
      ['uid-1', 1],
      ['uid-2', 2],
      ['uid-3', 3],
      ['uid-4', 4],
    ]);
    expect(s.lanes[1]!.pods.find((p) => p.uid === 'uid-2')).toMatchObject({ calls: 600, standing: 'ghost' });
    script.traffic(40, { headless: even([pods[0]!]) });
    s = toSnapshot(script.run, script.now);
    expect(s.bins).toHaveLength(450);
    expect(s.pods.map((p) => p.uid)).toEqual(['uid-1', 'uid-3', 'uid-4']);
    script.podEvent('podAdded', pod(5));
    expect(toSnapshot(script.run, script.now).pods.at(-1)).toMatchObject({ uid: 'uid-5', slot: 2, handle: 'pod5' });
  });

  it('says who is missing and who is a ghost', () => {
    const { script, pods } = fourLanes();
    script.slice([pods[0]!, pods[1]!, pod(4)]);
    const s = toSnapshot(script.run, script.now);
    expect(s.lanes[1]!.belief).toMatchObject({ missing: ['10.1.0.4:50051'], ghosts: ['10.1.0.3:50051'] });
    expect(s.lanes[0]!.belief).toMatchObject({ missing: [], ghosts: [] });
  });

  it('bounds events, and keeps what each lane believed before the window', () => {
    const { script } = fourLanes();
    const before = script.run.events.find((e) => e.laneId === 'headless' && e.kind.case === 'resolved')!;
    for (let i = 0; i < 4_000; i++) {
      script
        .wait(50)
        .event({ case: 'subchannelState', value: { state: 'READY' } }, { laneId: 'kubewatch', connectionId: 'c' });
    }
    expect(script.run.events.length).toBeLessThanOrEqual(2_200);
    expect(script.run.events).toContain(before);
  });

  it('many events within the window do not make each further one cost the whole list', () => {
    const { script } = fourLanes();
    const one = () =>
      script
        .wait(2)
        .event({ case: 'subchannelState', value: { state: 'READY' } }, { laneId: 'kubewatch', connectionId: 'c' });
    for (let i = 0; i < 3_000; i++) one();
    const { run } = script;
    expect(run.events.length).toBeGreaterThan(3_000);
    // Each look at the whole list leaves another one behind.
    let looks = 0;
    for (let i = 0; i < 500; i++) {
      const before = run.events;
      one();
      if (run.events !== before) looks += 1;
    }
    expect(looks).toBeLessThanOrEqual(6);
  });

  it('a lost watch shows at once and is over when that watch is back', () => {
    const { script } = fourLanes();
    const watch = (resource: string, state: string) =>
      script.event({ case: 'watchState', value: { watcher: 'truth', resource, state, message: 'connection refused' } });
    watch('pods', 'synced');
    watch('pods', 'lost');
    watch('slices', 'synced');
    watch('pods', 'connecting');
    expect(script.run.cluster).toMatchObject({ state: 'lost', reason: 'pods: connection refused' });
    watch('pods', 'synced');
    expect(script.run.cluster).toMatchObject({ state: 'synced', reason: '' });
  });
});
