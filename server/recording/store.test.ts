import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { toSnapshot } from '../../model/run.ts';
import { even, fourLanes } from '../../model/testkit.ts';
import { toMs } from '../../model/time.ts';
import { runAt } from './replay.ts';
import { RunFile } from './run-file.ts';
import { applicationId, migrate, migrations } from './schema.ts';
import { Store, type StoreOptions, undoMs } from './store.ts';
import { temporaryFolder } from './testing/in-process.ts';
import { Recorded } from './testing/recorded.ts';

const folders: { remove(): void }[] = [];
const stores: Store[] = [];
afterAll(() => {
  for (const store of stores) store.close();
  for (const folder of folders) folder.remove();
});

function newFolder(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder.path;
}

const start = 1_790_000_000_000;

function open(options: Partial<StoreOptions> = {}): Store {
  const store = new Store({ folder: newFolder(), limits: { bytes: 1e9, days: 30 }, now: () => start, ...options });
  stores.push(store);
  return store;
}

function recordedOn(store: Store, options = {}) {
  return new Recorded({ write: async (items) => store.write(items) }, options);
}

/** A run of 12 s, and then as many seconds more as are asked for. */
async function record(recorded: Recorded, seconds: number, runId = 'run-1'): Promise<void> {
  const { script, pods } = fourLanes();
  script.traffic(seconds, { headless: even(pods), clusterip: [{ uid: 'uid-1', answered: 20 }] });
  for (const update of script.updates) {
    if (update.case === 'event' && update.value.kind.case === 'runStarted') update.value.kind.value.runId = runId;
  }
  recorded.tellAll(script.updates);
  await recorded.beats();
}

describe('what is read', () => {
  it('is what was written, in order, at each resolution; sums agree', async () => {
    const store = open();
    const recorded = recordedOn(store);
    const { script, pods } = fourLanes();
    for (let i = 0; i < 60; i++) script.traffic(1, { headless: even(pods, 1 + (i % 7)) });
    for (const update of script.updates) {
      recorded.tell(update);
      if (update.value.sequence % 3 === 0) await recorded.beats();
    }
    await recorded.beats();
    const file = store.file('run-1')!;
    const written = recorded.hub.run.frames;
    const fine = file.frames(0, Number.MAX_VALUE, 200, 1e6).frames;
    expect(fine.map(({ sequence }) => sequence)).toEqual(written.map(({ sequence }) => sequence));
    const calls = (frames: typeof fine) =>
      frames.flatMap(({ lanes }) => lanes).reduce((sum, { answered }) => sum + answered, 0);
    for (const width of [200, 1_000, 2_000, 10_000, 30_000, 3_600_000]) {
      const slice = file.frames(0, Number.MAX_VALUE, width, 1e6);
      expect(slice.resolutionMs).toBeLessThanOrEqual(width);
      expect(calls(slice.frames)).toBe(calls(fine));
      for (const [i, frame] of slice.frames.entries()) {
        if (i > 0) expect(toMs(frame.from)).toBeGreaterThanOrEqual(toMs(slice.frames[i - 1]!.to) - 0.01);
      }
    }
    const events = file.events(0, Number.MAX_VALUE, [], 1e6).events.map(({ sequence }) => sequence);
    expect(events).toEqual(recorded.hub.run.events.map(({ sequence }) => sequence));
    expect(
      file.events(0, Number.MAX_VALUE, ['resolved'], 1e6).events.every(({ kind }) => kind.case === 'resolved'),
    ).toBe(true);
    // Closed and opened again, nothing has moved.
    await recorded.recorder.close();
    expect(store.file('run-1')!.frames(0, Number.MAX_VALUE, 200, 1e6).frames).toEqual(fine);
  });

  it('comes in parts where it would be too much, without a gap and without a repetition', async () => {
    const store = open();
    const recorded = recordedOn(store);
    await record(recorded, 60);
    const file = store.file('run-1')!;
    const whole = file.frames(0, Number.MAX_VALUE, 200, 1e6).frames.map(({ sequence }) => sequence);
    const parts: number[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      const slice = file.frames(from, Number.MAX_VALUE, 200, 60);
      parts.push(...slice.frames.map(({ sequence }) => sequence));
      from = slice.moreFrom;
    }
    expect(parts).toEqual(whole);
  });
});

describe('a writer that dies', () => {
  it('with kill -9: the file opens and holds all that was acknowledged', async () => {
    const folder = newFolder();
    const program = fileURLToPath(new URL('./testing/writer.ts', import.meta.url));
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    for await (const piece of child.stdout) {
      said += piece;
      if (said.split('\n').length > 15) break;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    const acknowledged = Number(said.trimEnd().split('\n').at(-1));
    const store = open({ folder });
    const [info] = store.list().runs;
    expect(info).toMatchObject({ runId: 'run-1', state: 'cut' });
    expect(info!.lastSequence).toBeGreaterThanOrEqual(acknowledged);
    const file = store.file('run-1')!;
    expect(file.check()).toBeUndefined();
    const frames = file.frames(0, Number.MAX_VALUE, 200, 1e6).frames;
    const numbers = [...frames, ...file.events(0, Number.MAX_VALUE, [], 1e6).events].map(({ sequence }) => sequence);
    // Every number once, from the first to the last: nothing is missing in between.
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: numbers.length }, (_, i) => i + 1));
    expect(numbers.length).toBe(info!.lastSequence);
  });

  it('loses a suffix and nothing else, wherever the log breaks off', async () => {
    const store = open();
    const recorded = recordedOn(store);
    const { script, pods } = fourLanes();
    script.traffic(30, { headless: even(pods) });
    const pictures = new Map<number, ReturnType<typeof toSnapshot>>();
    for (const update of script.updates) {
      recorded.tell(update);
      pictures.set(recorded.hub.sequence, toSnapshot(recorded.hub.run, recorded.hub.run.clock));
      if (update.value.sequence % 5 === 0) await recorded.beats();
    }
    await recorded.beats();
    const from = join(store.folder, 'run-1.run');
    const size = statSync(`${from}-wal`).size;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: size }), (length) => {
        const to = newFolder();
        for (const part of ['', '-wal']) copyFileSync(from + part, join(to, `run-1.run${part}`));
        truncateSync(join(to, 'run-1.run-wal'), length);
        const broken = open({ folder: to });
        const info = broken.info('run-1');
        // Broken off before the first transaction: a file without a run, which is no run.
        if (info === undefined) return;
        const file = broken.file('run-1')!;
        expect(file.check()).toBeUndefined();
        const run = runAt(file, { at: Number.MAX_VALUE })!;
        expect(run.sequence).toBe(info.lastSequence);
        expect(toSnapshot(run, run.clock)).toEqual(pictures.get(run.sequence));
        broken.close();
      }),
      { numRuns: process.env.LBSCOPE_TEST_FULL ? 100 : 12 },
    );
  });
});

describe('when the disk refuses', () => {
  it('full: it is said, what happens is held back, and nothing is missing once there is room', async () => {
    let file: RunFile | undefined;
    const store = open({
      openFile: (path) => {
        file = RunFile.open(path);
        return file;
      },
    });
    const recorded = recordedOn(store);
    await record(recorded, 1);
    const said = () => recorded.hub.run.recording;
    expect(said()).toMatchObject({ state: 'recording' });
    file!.limitPages(1);
    const { script, pods } = fourLanes();
    script.traffic(30, { headless: even(pods) });
    recorded.tellAll(script.updates.slice(60));
    await recorded.beats(2);
    expect(said()).toMatchObject({
      state: 'failing',
      fault: 'full',
      message: expect.stringContaining('the disk is full'),
    });
    // The run itself goes on.
    const before = recorded.hub.sequence;
    recorded.tellAll(script.updates.slice(-5));
    expect(recorded.hub.sequence).toBeGreaterThan(before);
    file!.limitPages(1_000_000);
    await recorded.beats(10);
    expect(said()).toMatchObject({ state: 'recording', fault: '' });
    await recorded.recorder.close();
    const run = runAt(store.file('run-1')!, { at: Number.MAX_VALUE })!;
    expect(run.sequence).toBe(recorded.hub.sequence);
    expect(toSnapshot(run, run.clock)).toEqual(toSnapshot(recorded.hub.run, recorded.hub.run.clock));
  });

  it('for too long: what waits is given up, the gap is noted, and from then on the picture is whole again', async () => {
    let refuse = false;
    const store = open();
    const recorded = new Recorded(
      {
        write: async (items) =>
          refuse ? { done: 0, fault: { kind: 'full', message: 'the disk is full' } } : store.write(items),
      },
      { mostHeldBytes: 300_000 },
    );
    await record(recorded, 1);
    refuse = true;
    const { script, pods } = fourLanes();
    script.traffic(400, { headless: even(pods) });
    for (const update of script.updates.slice(60)) {
      recorded.tell(update);
      if (update.value.sequence % 20 === 0) await recorded.beats();
    }
    await recorded.beats(4);
    expect(recorded.hub.run.recording).toMatchObject({ state: 'gap', fault: 'full' });
    refuse = false;
    await recorded.beats(6);
    expect(recorded.hub.run.recording).toMatchObject({ state: 'recording' });
    script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
    recorded.tellAll(script.updates.slice(-1));
    await recorded.recorder.close();
    expect(store.info('run-1')!.gaps).toMatchObject([{ reason: 'the disk is full' }]);
    const run = runAt(store.file('run-1')!, { at: Number.MAX_VALUE })!;
    expect(toSnapshot(run, run.clock)).toEqual(toSnapshot(recorded.hub.run, recorded.hub.run.clock));
  });

  it('locked by another program: it is said, and made up for', async () => {
    const store = open();
    const recorded = recordedOn(store);
    await record(recorded, 1);
    const other = new DatabaseSync(join(store.folder, 'run-1.run'));
    other.exec('BEGIN IMMEDIATE');
    await record(recorded, 2, 'run-1');
    expect(recorded.hub.run.recording).toMatchObject({
      state: 'failing',
      fault: 'locked',
      message: expect.stringContaining('another program holds the file'),
    });
    other.exec('ROLLBACK');
    other.close();
    await recorded.beats(10);
    expect(recorded.hub.run.recording).toMatchObject({ state: 'recording' });
    await recorded.recorder.close();
    expect(store.info('run-1')!.lastSequence).toBe(recorded.hub.sequence);
  });

  it('damaged: the file is kept aside under another name, never deleted, and the run goes on in a new one', async () => {
    const store = open();
    const recorded = recordedOn(store);
    await record(recorded, 30);
    const path = join(store.folder, 'run-1.run');
    // As a broken disk would: the middle of every page of the file and its log.
    for (const part of ['', '-wal']) {
      const bytes = readFileSync(path + part);
      for (let at = 0; at < bytes.length; at += 512) bytes.fill(0xa5, at, Math.min(bytes.length, at + 400));
      writeFileSync(path + part, bytes);
    }
    await record(recorded, 5);
    await recorded.beats(10);
    const names = readdirSync(store.folder);
    const aside = names.filter((name) => /^run-1\.damaged-\d{8}T\d{6}Z$/.test(name));
    expect(aside).toHaveLength(1);
    expect(statSync(join(store.folder, aside[0]!)).size).toBeGreaterThan(0);
    expect(store.list().setAside).toEqual(aside);
    expect(recorded.hub.run.events.map(({ kind }) => kind)).toContainEqual(
      expect.objectContaining({
        case: 'recordingChanged',
        value: expect.objectContaining({ state: 'gap', fault: 'damaged', message: expect.stringContaining(aside[0]!) }),
      }),
    );
    expect(recorded.hub.run.recording).toMatchObject({ state: 'recording' });
    await recorded.recorder.close();
    expect(store.info('run-1')!.gaps).toHaveLength(1);
    const run = runAt(store.file('run-1')!, { at: Number.MAX_VALUE })!;
    expect(toSnapshot(run, run.clock)).toEqual(toSnapshot(recorded.hub.run, recorded.hub.run.clock));
  });
});

describe('the folder', () => {
  it('a damaged file among good ones is kept aside, and the others are listed', async () => {
    const store = open();
    await recordAndEnd(store, 'good');
    writeFileSync(join(store.folder, 'bad.run'), Buffer.alloc(8_192, 7));
    const { runs, setAside } = store.list();
    expect(runs.map(({ runId }) => runId)).toEqual(['good']);
    expect(setAside).toEqual([expect.stringMatching(/^bad\.damaged-/)]);
    expect(readFileSync(join(store.folder, setAside[0]!))).toEqual(Buffer.alloc(8_192, 7));
  });

  it('a file of a newer lbscope, or of another program, is named and left as it is', async () => {
    const store = open();
    await recordAndEnd(store, 'good');
    const newer = new DatabaseSync(join(store.folder, 'newer.run'));
    newer.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = 99; CREATE TABLE future (a)`);
    newer.close();
    const other = new DatabaseSync(join(store.folder, 'other.run'));
    other.exec('CREATE TABLE photographs (a)');
    other.close();
    const before = readFileSync(join(store.folder, 'newer.run'));
    expect(store.list().runs.map(({ runId }) => runId)).toEqual(['good']);
    expect([...store.list().setAside].sort()).toEqual(['newer.run', 'other.run']);
    expect(statSync(join(store.folder, 'newer.run')).size).toBe(before.length);
  });

  it('a run whose writer’s pid belongs to another program by now is not live', async () => {
    const path = newFolder();
    const writer = open({ folder: path, pid: 7 });
    await record(recordedOn(writer), 1);
    writer.close();
    const lastAt = toMs(open({ folder: path, pid: 7 }).list().runs[0]?.lastAt);
    const stateAt = (now: number) =>
      open({ folder: path, pid: 8, isAlive: () => true, now: () => now }).list().runs[0]?.state;
    expect(stateAt(lastAt + 5_000)).toBe('live');
    expect(stateAt(lastAt + 3_600_000)).toBe('cut');
  });

  it('deletes the oldest beyond the limits, never the one that is live', async () => {
    let now = start;
    const store = open({ limits: { bytes: 1e9, days: 2 }, now: () => now });
    await recordAndEnd(store, 'old');
    now += 3 * 86_400_000;
    const recorded = recordedOn(store);
    await record(recorded, 1, 'live');
    expect(store.list().runs.map(({ runId }) => runId)).toEqual(['live']);
    expect(existsSync(join(store.folder, 'old.run'))).toBe(false);
  });

  it('a live run that is too large by itself is thinned: older frames become coarser, and the newest stay fine', async () => {
    const store = open({ limits: { bytes: 400_000, days: 30 } });
    const recorded = recordedOn(store);
    const { script, pods } = fourLanes();
    script.traffic(300, { headless: even(pods), envoy: even(pods, 3), kubewatch: even(pods, 2) });
    for (const update of script.updates) {
      recorded.tell(update);
      if (update.value.sequence % 10 === 0) await recorded.beats();
    }
    await recorded.beats();
    const answered = () =>
      store
        .file('run-1')!
        .frames(0, Number.MAX_VALUE, 10_000, 1e6)
        .frames.flatMap(({ lanes }) => lanes)
        .reduce((sum, lane) => sum + lane.answered, 0);
    const before = answered();
    store.prune();
    const info = store.info('run-1')!;
    expect(info.fineSince).toBeDefined();
    expect(answered()).toBe(before);
    expect(info.bytes).toBeLessThan(400_000);
    const run = runAt(store.file('run-1')!, { at: toMs(info.lastAt) })!;
    expect(toSnapshot(run, run.clock).lanes).toEqual(toSnapshot(recorded.hub.run, recorded.hub.run.clock).lanes);
    await recorded.recorder.close();
  });

  it('a run’s scenario and its outcome come from what happened in it', async () => {
    const store = open();
    const recorded = recordedOn(store);
    await record(recorded, 1);
    recorded.hub.emit({
      kind: {
        case: 'scenarioStarted',
        value: { run: { id: 's1', scenario: { id: 'scale-up', title: 'Scale up: who notices?' } } },
      },
    });
    await recorded.beats();
    expect(store.info('run-1')).toMatchObject({ scenario: 'Scale up: who notices?', outcome: '' });
    recorded.hub.emit({ kind: { case: 'scenarioEnded', value: { outcome: 'inconclusive' } } });
    await recorded.beats();
    expect(store.info('run-1')).toMatchObject({ scenario: 'Scale up: who notices?', outcome: 'inconclusive' });
    await recorded.recorder.close();
  });

  it('a deleted run can come back for ten minutes', async () => {
    let now = start;
    const store = open({ now: () => now });
    await recordAndEnd(store, 'gone');
    store.setDeleted('gone', now);
    expect(store.list().runs).toEqual([]);
    expect(store.file('gone')).toBeUndefined();
    store.setDeleted('gone', undefined);
    expect(store.list().runs).toHaveLength(1);
    store.setDeleted('gone', now);
    now += undoMs + 1;
    store.prune();
    expect(existsSync(join(store.folder, 'gone.run'))).toBe(false);
  });
});

describe('migrations', () => {
  const fixture = fileURLToPath(new URL('./testing/version-1.run', import.meta.url));

  it('a file of version 1 opens, and holds what it held', () => {
    const folder = newFolder();
    copyFileSync(fixture, join(folder, 'first.run'));
    const store = open({ folder });
    const [info] = store.list().runs;
    expect(info).toMatchObject({ name: 'A first run', tags: ['fixture'], state: 'ended' });
    expect(info!.lanes.map(({ id, answered }) => [id, answered])).toEqual([
      ['clusterip', 1_240],
      ['headless', 1_950],
      ['kubewatch', 1_800],
      ['envoy', 1_800],
    ]);
    const file = store.file('first')!;
    expect(file.check()).toBeUndefined();
    const run = runAt(file, { at: Number.MAX_VALUE })!;
    expect(toSnapshot(run, run.clock)).toMatchObject({ running: true, headline: expect.any(String) });
    expect(run.pods.size).toBe(3);
    expect(run.frames.length).toBe(65);
  });

  it('each step is whole or not at all, and what was taken is not taken again', () => {
    const folder = newFolder();
    mkdirSync(folder, { recursive: true });
    const db = new DatabaseSync(join(folder, 'x.run'));
    const steps = [...migrations, 'ALTER TABLE run ADD COLUMN colour TEXT', 'CREATE TABLE broken (; )'];
    expect(() => migrate(db, steps)).toThrow();
    const version = () => Object.values(db.prepare('PRAGMA user_version').get()!)[0];
    expect(version()).toBe(migrations.length + 1);
    expect(() => migrate(db, steps.slice(0, -1))).not.toThrow();
    expect(migrate(db, migrations)).toMatchObject({ kind: 'foreign' });
    db.close();
  });
});

async function recordAndEnd(store: Store, runId: string): Promise<void> {
  const recorded = recordedOn(store);
  await record(recorded, 1, runId);
  await recorded.recorder.close();
}
