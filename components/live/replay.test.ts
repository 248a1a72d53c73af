import { describe, expect, it } from 'vitest';
import { emptyRun, fold, toSnapshot } from '../../model/run.ts';
import { even, fourLanes } from '../../model/testkit.ts';
import { toMs } from '../../model/time.ts';
import { ReplayStore } from './replay.ts';

/** A minute of four lanes, a scale-up in the middle, behind the ports that the agent would answer. */
function recorded() {
  const { script, pods } = fourLanes();
  script.traffic(20, { headless: even(pods) });
  script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
  script.traffic(28, { headless: even(pods) });
  const { updates } = script;
  const at = (update: (typeof updates)[number]) => toMs(update.case === 'frame' ? update.value.to : update.value.at);
  const start = toMs(script.run.frames[0]!.from);
  let now = 0;
  const paints: (() => void)[] = [];
  const asked: string[] = [];
  const runAt = (moment: number) => {
    const run = emptyRun();
    for (const update of updates) if (at(update) <= moment) fold(run, update);
    return run;
  };
  const store = new ReplayStore(start, script.now, {
    snapshot: async (moment) => {
      asked.push(`snapshot ${Math.round(moment - start)}`);
      return toSnapshot(runAt(moment), moment);
    },
    history: async (from, to) => {
      asked.push(`history ${Math.round(from - start)} ${Math.round(to - start)}`);
      const inside = updates.filter((update) =>
        update.case === 'frame'
          ? at(update) > from && toMs(update.value.from) < to
          : at(update) >= from && at(update) < to,
      );
      return {
        frames: inside.flatMap((update) => (update.case === 'frame' ? [update.value] : [])),
        events: inside.flatMap((update) => (update.case === 'event' ? [update.value] : [])),
      };
    },
    past: () => Promise.reject(new Error('not asked for here')),
    now: () => now,
    beforePaint: (run) => paints.push(run),
  });
  /** Lets local time pass, painting sixty times a second, and what was asked be answered. */
  const pass = async (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now = Math.min(end, now + 16);
      for (const paint of paints.splice(0)) paint();
      for (let i = 0; i < 8; i += 1) await Promise.resolve();
    }
  };
  return { store, start, end: script.now, pass, asked, runAt, script };
}

describe('ReplayStore', () => {
  it('shows the moment that was asked for, as it was', async () => {
    const { store, start, pass, runAt } = recorded();
    store.seek(start + 15_000);
    await pass(50);
    const view = store.getView();
    expect(view).toMatchObject({ phase: { kind: 'recorded' }, frozen: true, nowMs: start + 15_000 });
    expect(view.snapshot).toEqual(toSnapshot(runAt(start + 15_000), start + 15_000));
  });

  it.each([0.25, 1, 5, 20])(
    'plays at %sx: after the same time of the run, the same picture as it was live',
    async (speed) => {
      const { store, start, pass, runAt } = recorded();
      store.seek(start + 12_000);
      await pass(50);
      store.setSpeed(speed);
      store.play();
      await pass(20_000 / speed);
      store.pause();
      const { nowMs, snapshot } = store.getView();
      expect(nowMs - start).toBeGreaterThan(12_000 + 19_000);
      expect(nowMs - start).toBeLessThan(12_000 + 20_500);
      expect(snapshot).toEqual(toSnapshot(runAt(nowMs), nowMs));
      expect(snapshot!.changes).toHaveLength(nowMs >= start + 32_000 ? 1 : 0);
    },
  );

  it('stops at the end, and begins again from there', async () => {
    const { store, start, end, pass } = recorded();
    store.seek(end - 2_000);
    await pass(50);
    store.play();
    await pass(3_000);
    expect(store.transport).toMatchObject({ playing: false, atMs: end });
    store.play();
    await pass(200);
    expect(store.transport.playing).toBe(true);
    expect(store.transport.atMs).toBeLessThan(start + 1_000);
  });

  it('a drag asks for the newest place only, one at a time', async () => {
    const { store, start, pass, asked } = recorded();
    for (let i = 0; i <= 40; i += 1) store.seek(start + i * 1_000);
    await pass(100);
    expect(asked.filter((each) => each.startsWith('snapshot'))).toEqual(['snapshot 0', 'snapshot 40000']);
    expect(store.getView().nowMs).toBe(start + 40_000);
  });

  it('a jump while playing goes on from there', async () => {
    const { store, start, pass, runAt } = recorded();
    store.seek(start);
    await pass(50);
    store.play();
    await pass(2_000);
    store.seek(start + 30_000);
    await pass(2_000);
    store.pause();
    const { nowMs, snapshot } = store.getView();
    expect(nowMs).toBeGreaterThan(start + 31_000);
    expect(snapshot).toEqual(toSnapshot(runAt(nowMs), nowMs));
  });

  it('says what was refused, and stays where it was', async () => {
    const { store, start, pass } = recorded();
    store.seek(start + 10_000);
    await pass(50);
    (store as unknown as { ports: { snapshot: unknown } }).ports.snapshot = async () => {
      throw new Error('the file is damaged');
    };
    store.seek(start + 20_000);
    await pass(50);
    expect(store.getView()).toMatchObject({ nowMs: start + 10_000, notice: { text: 'the file is damaged' } });
  });
});
