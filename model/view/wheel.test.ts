import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../run.ts';
import { addressOf, even, fourLanes, type Script } from '../testkit.ts';
import { fromMs } from '../time.ts';
import { wheelOf } from './wheel.ts';

function wheel(script: Script, id: string) {
  const snapshot = toSnapshot(script.run, script.now);
  return wheelOf(snapshot, snapshot.lanes.find((each) => each.id === id)!);
}

describe('the wheel', () => {
  it('holds the believed pods, oldest first, and is locked where one connection decides', () => {
    const { script, pods } = fourLanes();
    script.traffic(12, { clusterip: [{ uid: 'uid-2', answered: 20 }], headless: even(pods) });
    expect(wheel(script, 'clusterip')).toMatchObject({ locked: true });
    expect(wheel(script, 'clusterip').wedges.map((each) => [each.uid, each.used])).toEqual([
      ['uid-1', false],
      ['uid-2', true],
      ['uid-3', false],
    ]);
    expect(wheel(script, 'headless')).toMatchObject({ locked: false });
    expect(wheel(script, 'headless').wedges.every((each) => each.used && !each.ghost)).toBe(true);
  });

  it('shows a pod that left the truth, and not the client’s list, as a ghost', () => {
    const { script, pods } = fourLanes();
    script.slice(pods.slice(1));
    expect(wheel(script, 'headless').wedges.filter((each) => each.ghost)).toHaveLength(1);
    script.resolved('headless', pods.slice(1).map(addressOf));
    expect(wheel(script, 'headless').wedges.filter((each) => each.ghost)).toHaveLength(0);
    expect(wheel(script, 'headless').wedges).toHaveLength(2);
  });

  it('has a ring that says what comes next', () => {
    const { script } = fourLanes();
    const next = (kind: string, at?: number) =>
      script.event(
        { case: 'nextTrigger', value: { kind, reason: '', ...(at === undefined ? {} : { at: fromMs(at) }) } },
        { laneId: 'headless' },
      );
    next('none');
    expect(wheel(script, 'headless').ring).toEqual({ kind: 'dotted' });
    next('push');
    expect(wheel(script, 'headless').ring).toEqual({ kind: 'closed' });
    next('connection');
    expect(wheel(script, 'headless').ring).toEqual({ kind: 'none' });
    next('timer', script.now + 5_000);
    expect(wheel(script, 'headless').ring).toMatchObject({ kind: 'filling', toMs: script.now + 5_000 });
  });
});
