import { equals } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { type GetSnapshotResponse, GetSnapshotResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { toSnapshot } from '../../model/run.ts';
import { fourLanes } from '../../model/testkit.ts';
import { play, step } from '../../model/testkit-life.ts';
import { runAt } from './replay.ts';
import { Store } from './store.ts';
import { temporaryFolder } from './testing/in-process.ts';
import { Recorded } from './testing/recorded.ts';

const folders: { remove(): void }[] = [];
afterAll(() => {
  for (const folder of folders) folder.remove();
});

function store() {
  const folder = temporaryFolder();
  folders.push(folder);
  return {
    folder: folder.path,
    store: new Store({ folder: folder.path, limits: { bytes: 1e9, days: 30 }, now: () => 1_790_000_000_000 }),
  };
}

describe('replay', () => {
  it('is the live picture: after every update, the fold of the file equals the fold of the agent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 9 }),
        async (steps, every) => {
          const kept = store();
          const recorded = new Recorded({ write: async (items) => kept.store.write(items) });
          const seen = new Map<string, { sequence: number; snapshot: GetSnapshotResponse }[]>();
          const { updates } = play(steps);
          for (const [index, update] of updates.entries()) {
            recorded.tell(update);
            const { run } = recorded.hub;
            if (index % 17 === 0 || index === updates.length - 1) {
              const places = seen.get(run.runId) ?? [];
              places.push({ sequence: run.sequence, snapshot: toSnapshot(run, run.clock) });
              seen.set(run.runId, places);
            }
            if (index % every === 0) await recorded.beats();
          }
          await recorded.recorder.close();
          for (const [runId, places] of seen) {
            const file = kept.store.file(runId);
            for (const { sequence, snapshot } of places) {
              const run = file === undefined ? undefined : runAt(file, { sequence });
              const replayed = run && toSnapshot(run, run.clock);
              // Compared as values first: a difference is printed only where there is one.
              if (!replayed || !equals(GetSnapshotResponseSchema, replayed, snapshot))
                expect(replayed).toEqual(snapshot);
            }
          }
          kept.store.close();
        },
      ),
      { numRuns: process.env.LBSCOPE_TEST_FULL ? 200 : 6 },
    );
  });

  it('at an instant is what was known then, and no more', async () => {
    const kept = store();
    const recorded = new Recorded({ write: async (items) => kept.store.write(items) });
    const { script, pods } = fourLanes();
    script.traffic(120, { headless: pods.map(({ uid }) => ({ uid, answered: 5 })) });
    const scaled = script.now;
    script.event({ case: 'scaleAsked', value: { from: 3, to: 5 } });
    script.traffic(40, { headless: pods.map(({ uid }) => ({ uid, answered: 5 })) });
    for (const update of script.updates) {
      recorded.tell(update);
      await recorded.beats();
    }
    await recorded.recorder.close();
    const file = kept.store.file('run-1')!;
    const changes = (at: number) => toSnapshot(runAt(file, { at })!, at).changes.map(({ title }) => title);
    expect(changes(scaled - 1)).toEqual([]);
    expect(changes(scaled + 1)).toEqual([expect.stringContaining('3')]);
    const before = toSnapshot(runAt(file, { at: scaled - 1 })!, scaled - 1);
    // Ninety seconds of bins, as every picture has.
    expect(before.bins).toHaveLength(450);
    kept.store.close();
  });
});
