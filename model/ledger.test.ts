import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { EndpointSchema } from '../gen/lbscope/events/v1/events_pb.js';
import { fromSnapshot, toSnapshot } from './run.ts';
import { addressOf, fourLanes, pod, type Script } from './testkit.ts';

const lost = (script: Script, uid: string, failed = 2) => script.frame({ headless: [{ uid, failed }] });
const ledger = (script: Script) =>
  toSnapshot(script.run, script.now)
    .lanes.find(({ id }) => id === 'headless')!
    .ledger.map(({ errorClass, podState, count }) => `${errorClass} ${podState} ${count}`);

describe('error ledger', () => {
  it('each loss has its class and what the pod was when it happened', () => {
    const { script, pods } = fourLanes();
    const [first, second] = pods;
    lost(script, 'uid-1');
    expect(ledger(script)).toEqual(['reset ready 2']);
    // The frame before the change still counts for what the pod was then.
    script.slice([second!, pods[2]!]);
    script.podEvent('podTerminating', pod(1, { terminating: true }));
    lost(script, 'uid-1', 1);
    expect(ledger(script)).toEqual(['reset ready 2', 'reset terminating 1']);
    script.podEvent('podGone', first!).wait(400);
    lost(script, 'uid-1', 3);
    lost(script, '', 5);
    expect(ledger(script)).toEqual(['reset unknown 5', 'reset gone 3', 'reset ready 2', 'reset terminating 1']);
  });

  it('tells a pod that was made unready from one whose container ended', () => {
    const { script, pods } = fourLanes();
    const notReady = pods.map((p, n) =>
      create(EndpointSchema, { address: addressOf(p), podUid: p.uid, ready: n > 1, serving: n > 1 }),
    );
    script.event({ case: 'sliceChanged', value: { service: 'greeter', added: [], removed: [], all: notReady } });
    script.podEvent('podRestarted', pod(2, { incarnation: 1 })).wait(10);
    lost(script, 'uid-1');
    lost(script, 'uid-2', 3);
    expect(ledger(script)).toEqual(['reset restarted 3', 'reset unready 2']);
    // Ready again: what it was before is past.
    script.slice(pods).wait(10);
    lost(script, 'uid-2', 4);
    expect(ledger(script)[0]).toBe('reset ready 4');
  });

  it('sums to the errors, survives a snapshot, and is cleared by a new run', () => {
    const { script } = fourLanes();
    for (const uid of ['uid-1', 'uid-2', '', 'nobody']) lost(script, uid);
    const lane = toSnapshot(script.run, script.now).lanes.find(({ id }) => id === 'headless')!;
    expect(lane.ledger.reduce((sum, { count }) => sum + count, 0)).toBe(lane.errors.reset);
    const late = fromSnapshot(toSnapshot(script.run, script.now));
    expect(toSnapshot(late, script.now).lanes.map(({ ledger: l }) => l)).toEqual(
      toSnapshot(script.run, script.now).lanes.map(({ ledger: l }) => l),
    );
    script.start('run-2');
    expect(ledger(script)).toEqual([]);
  });
});
