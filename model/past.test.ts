import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coarsestMs, type History, joinEvents, joinFrames, momentOf, recall, widen } from './past.ts';
import { emptyRun, fold, toSnapshot } from './run.ts';
import { addressOf, even, fourLanes, pod, type Script } from './testkit.ts';
import { fromMs, toMs } from './time.ts';
import { eventLines } from './view/events.ts';
import { laneData } from './view/lane.ts';

/** Scaled 3 -> 4 and back long ago; then five quiet minutes. */
function longRun() {
  const { script, pods } = fourLanes();
  const all = [...pods, pod(4)];
  script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
  script.podEvent('podAdded', pod(4)).wait(2_000).podEvent('podReady', pod(4)).slice(all);
  script
    .resolved('kubewatch', all.map(addressOf))
    .picker('kubewatch', all.map(addressOf))
    .firstAnswer('kubewatch', pod(4));
  script.traffic(20, { kubewatch: even(all), headless: even(pods) });
  const grownMs = script.now;
  script.wait(50);
  script.event({ case: 'scaleAsked', value: { from: 4, to: 3 } });
  script.podEvent('podTerminating', pod(4, { terminating: true })).slice(pods);
  script
    .resolved('kubewatch', pods.map(addressOf))
    .wait(1_000)
    .podEvent('podGone', pod(4, { phase: 'Gone' }));
  script.traffic(300, { kubewatch: even(pods), headless: even(pods) });
  return { script, pods, all, grownMs };
}

const historyOf = (script: Script): History => ({
  frames: script.updates.flatMap((update) => (update.case === 'frame' ? [update.value] : [])),
  events: script.updates.flatMap((update) => (update.case === 'event' ? [update.value] : [])),
  sinceMs: script.run.runStartedAt,
});

describe('joinFrames', () => {
  it('loses nothing and tells nothing twice, wherever the two meet', () => {
    const { script, pods } = fourLanes();
    script.traffic(20, { headless: even(pods) });
    const fine = historyOf(script).frames;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: fine.length }), (per, cut) => {
        const coarse = Array.from({ length: Math.ceil(fine.length / per) }, (_, i) => {
          const group = fine.slice(i * per, i * per + per);
          return { ...group[0]!, to: group.at(-1)!.to };
        });
        const joined = joinFrames(coarse, fine.slice(cut));
        for (let i = 1; i < joined.length; i += 1) {
          expect(toMs(joined[i]!.from)).toBeCloseTo(toMs(joined[i - 1]!.to), 2);
        }
        expect(toMs(joined[0]!.from)).toBeCloseTo(toMs(fine[0]!.from), 2);
        expect(toMs(joined.at(-1)!.to)).toBeCloseTo(toMs(fine.at(-1)!.to), 2);
      }),
    );
  });
});

describe('the past', () => {
  it('remembers pods, colours and changes that the snapshot has forgotten', () => {
    const { script } = longRun();
    const snapshot = toSnapshot(script.run, script.now);
    expect(snapshot.pods.map((each) => each.uid)).not.toContain('uid-4');
    const past = recall(historyOf(script), snapshot);
    const wide = widen(snapshot, past);
    const gone = wide.pods.find((each) => each.uid === 'uid-4');
    expect(gone).toMatchObject({ handle: 'pod4', slot: 4, phase: 'Gone' });
    expect(wide.changes.map((change) => change.title)).toEqual(['Scaled 3 → 4', 'Scaled 4 → 3']);
    const lines = eventLines(wide, 0);
    const data = laneData(wide, wide.lanes.find((lane) => lane.id === 'kubewatch')!, lines, script.now);
    expect(data.stretches.some((stretch) => stretch.shares.some((each) => each.uid === 'uid-4'))).toBe(true);
    expect(data.brackets[0]?.state).toBe('answered');
  });

  it('adds nothing twice', () => {
    const { script } = longRun();
    const snapshot = toSnapshot(script.run, script.now);
    const wide = widen(snapshot, recall(historyOf(script), snapshot));
    const once = (keys: (string | number)[]) => expect(new Set(keys).size).toBe(keys.length);
    once(wide.pods.map((each) => each.uid));
    once(wide.changes.map((each) => each.sequence));
    once(wide.events.map((each) => each.sequence));
    once(wide.intervals.map((each) => `${each.podUid} ${toMs(each.from)} ${toMs(each.readyFrom)}`));
    expect(joinEvents(wide.events, wide.events)).toHaveLength(wide.events.length);
  });

  it('tells a frozen picture nothing of what came after it', () => {
    const { script, grownMs } = longRun();
    const history = historyOf(script);
    const now = toSnapshot(script.run, script.now);
    const frozen = momentOf(history, now, grownMs);
    const wide = widen(frozen, recall(history, now));
    expect(wide.changes.map((change) => change.title)).toEqual(['Scaled 3 → 4']);
    expect(wide.events.every((event) => toMs(event.at) <= grownMs + 0.001)).toBe(true);
  });
});

describe('a moment', () => {
  it('is what a viewer saw then', () => {
    const { script, grownMs } = longRun();
    const updates = script.updates.filter(({ case: kind, value }) =>
      kind === 'frame' ? toMs(value.to) <= grownMs + 0.5 : toMs(value.at) <= grownMs + 0.5,
    );
    const run = emptyRun();
    for (const update of updates) fold(run, update);
    const seen = toSnapshot(run, grownMs);
    const again = momentOf(historyOf(script), toSnapshot(script.run, script.now), grownMs);
    expect({ ...again, cluster: undefined }).toEqual({ ...seen, cluster: undefined });
  });
});

describe('coarsestMs', () => {
  it('is the widest frame that can be seen', () => {
    const { script } = longRun();
    const [first, ...rest] = historyOf(script).frames;
    const wide = { ...first!, from: fromMs(toMs(first!.to) - 10_000) };
    expect(coarsestMs([wide, ...rest], toMs(wide.from), script.now)).toBeCloseTo(10_000, 1);
    expect(coarsestMs([wide, ...rest], toMs(wide.to) + 1, script.now)).toBeLessThan(201);
  });
});
