import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { equals, fromBinary, toJson } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GetSnapshotResponseSchema } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import { ImportRunResponseSchema, ListRunsResponseSchema } from '../../../gen/lbscope/agent/v1/runs_pb.js';
import { KeyframeSchema } from '../../../gen/lbscope/recording/v1/recording_pb.js';
import { toKeyframe } from '../../../model/keyframe.ts';
import { toSnapshot } from '../../../model/run.ts';
import { even, fourLanes, pod } from '../../../model/testkit.ts';
import { Library } from '../library.ts';
import { runAt } from '../replay.ts';
import { RunFile } from '../run-file.ts';
import { temporaryFolder } from '../testing/in-process.ts';
import { Recorded } from '../testing/recorded.ts';
import { row } from './csv.ts';
import type { ExportFormat } from './formats.ts';
import { importRun } from './import.ts';

const folder = temporaryFolder();
const start = 1_790_000_000_000;
const library = new Library({ folder: folder.path, limits: { bytes: 1e9, days: 30_000 }, now: () => start + 600_000 });
let source: string;

beforeAll(async () => {
  const recorded = new Recorded({ write: async (items) => library.write(items) });
  const { script, pods } = fourLanes();
  script.event({ case: 'scaleAsked', value: { from: 3, to: 4 } });
  script
    .podEvent('podAdded', pod(4))
    .wait(900)
    .podEvent('podReady', pod(4))
    .slice([...pods, pod(4)]);
  script
    .resolved(
      'kubewatch',
      [...pods, pod(4)].map((p) => `${p.ip}:50051`),
    )
    .firstAnswer('kubewatch', pod(4));
  script.traffic(45, { headless: even(pods), kubewatch: even([...pods, pod(4)]), envoy: [{ uid: '', failed: 2 }] });
  for (const update of script.updates) {
    recorded.tell(update);
    if (update.value.sequence % 10 === 0) await recorded.beats();
  }
  await recorded.recorder.close();
  library.updateRun('run-1', { name: '=cmd|" /C calc"!A0 <script>alert(1)</script>', tags: ['a,b'], notes: 'x\ny' });
  source = exported('jsonl').text;
});
afterAll(() => {
  library.close();
  folder.remove();
});

function exported(format: ExportFormat, runId = 'run-1'): { text: string; bytes: Buffer; name: string } {
  const opened = library.exportOpen(runId, format, 2_000);
  if (!opened.ok || !('exportId' in opened)) throw new Error('not opened');
  const pieces: Uint8Array[] = [];
  for (let piece = library.exportNext(opened.exportId); piece; piece = library.exportNext(opened.exportId))
    pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  return {
    text: format === 'jsonl_gz' ? gunzipSync(bytes).toString() : bytes.toString(),
    bytes,
    name: opened.fileName,
  };
}

async function taken(text: string | Buffer) {
  const data = Buffer.from(text);
  let importId: string | undefined;
  const size = 100_000;
  for (let offset = 0; ; offset += size) {
    const last = offset + size >= data.length;
    const answer = await library.importRun({ importId, offset, data: data.subarray(offset, offset + size), last });
    if (!answer.ok) return answer;
    const read = fromBinary(ImportRunResponseSchema, answer.body);
    if (last) return { ok: true as const, run: read.run! };
    importId = read.importId;
  }
}

function lines(): string[] {
  return source.trimEnd().split('\n');
}

describe('JSON lines', () => {
  it('out and in again is the same run: every picture, every event, every frame', async () => {
    const { text } = exported('jsonl');
    const answer = await taken(text);
    if (!answer.ok) throw new Error(answer.message);
    const { runId } = answer.run;
    expect(runId).not.toBe('run-1');
    expect(answer.run).toMatchObject({
      name: expect.stringContaining('<script>'),
      tags: ['a,b'],
      notes: 'x\ny',
      state: 'ended',
    });
    const one = RunFile.open(join(folder.path, 'run-1.run'));
    const two = RunFile.open(join(folder.path, `${runId}.run`));
    for (const at of [start + 1, start + 13_000, start + 30_000, Number.MAX_VALUE]) {
      const [a, b] = [runAt(one, { at })!, runAt(two, { at })!];
      const [left, right] = [toSnapshot(a, a.clock), toSnapshot({ ...b, runId: 'run-1' }, b.clock)];
      if (!equals(GetSnapshotResponseSchema, left, right)) expect(right).toEqual(left);
    }
    for (const width of [200, 2_000, 10_000]) {
      expect(two.frames(0, Number.MAX_VALUE, width, 1e6)).toEqual(one.frames(0, Number.MAX_VALUE, width, 1e6));
    }
    expect(two.events(0, Number.MAX_VALUE, [], 1e6)).toEqual(one.events(0, Number.MAX_VALUE, [], 1e6));
    one.close();
    two.close();
    // And what is exported of that is what was taken in, but for its own name and day of arrival.
    const again = exported('jsonl', runId).text.split('\n').slice(2);
    expect(again).toEqual(text.split('\n').slice(2));
  });

  it('also gzipped', async () => {
    const { bytes, text, name } = exported('jsonl_gz');
    expect(text).toBe(source);
    expect(bytes.length).toBeLessThan(source.length / 8);
    expect(name).toMatch(/^lbscope-\d{8}T\d{4}-cmd-c-calc-a0-script-alert-1-script\.jsonl\.gz$/);
    expect(await taken(bytes)).toMatchObject({ ok: true });
  });

  it('a part of it is a run as well, if it says so', async () => {
    const part = lines().slice(0, 200);
    expect(await importOf([...part, endOf(part)])).toMatchObject({ ok: true, info: { runId: 'taken' } });
  });

  it('after a gap the state is given again, and is what follows is folded onto', async () => {
    const list = lines();
    const middle = list.findIndex((each) => each.startsWith('{"frame"')) + 40;
    const one = RunFile.open(join(folder.path, 'run-1.run'));
    const at = JSON.parse(list[middle + 60] as string);
    const { sequence } = Object.values(at)[0] as { sequence: number };
    const state = toKeyframe(runAt(one, { sequence: sequence - 1 })!, sequence);
    one.close();
    const gapped = [
      ...list.slice(0, middle),
      JSON.stringify({ keyframe: toJson(KeyframeSchema, state) }),
      ...list.slice(middle + 60, -1),
    ];
    const outcome = await importOf([...gapped, endOf(gapped)]);
    expect(outcome).toMatchObject({ ok: true });
    const file = RunFile.open(join(folder.path, `hostile-${imports}.db`));
    const whole = RunFile.open(join(folder.path, 'run-1.run'));
    const lanes = (each: RunFile) => toSnapshot(runAt(each, { at: Number.MAX_VALUE })!, start).lanes;
    expect(lanes(file)).toEqual(lanes(whole));
    file.close();
    whole.close();
  });
});

function endOf(list: readonly string[]): string {
  const count = (key: string) => list.filter((each) => each.startsWith(`{"${key}"`)).length;
  return JSON.stringify({ end: { frames: count('frame'), events: count('event') } });
}

let imports = 0;
async function importOf(list: readonly string[]) {
  imports += 1;
  const path = join(folder.path, `hostile-${imports}.jsonl`);
  writeFileSync(path, `${list.join('\n')}\n`);
  return importRun(path, join(folder.path, `hostile-${imports}.db`), 'taken', start);
}

describe('what is no run is refused with its line, and leaves nothing behind', () => {
  const frameAt = () => lines().findIndex((each) => each.startsWith('{"frame"'));
  const changed = (index: number, change: (value: Record<string, unknown>) => void): string[] => {
    const list = lines();
    const value = JSON.parse(list[index] as string);
    change(value);
    list[index] = JSON.stringify(value);
    return list;
  };
  const cases: [string, () => string[], RegExp][] = [
    ['nothing at all', () => [''], /^line 1: this is not JSON/],
    ['a list', () => ['[]'], /^line 1: allowed is an object with one of head/],
    ['no head', () => lines().slice(1), /^line 1: the first line must be head/],
    ['no state', () => [lines()[0] as string, ...lines().slice(2)], /^line 2: the second line must be keyframe/],
    [
      'a newer version',
      () => changed(0, (v) => Object.assign(v.head as object, { version: 2 })),
      /^line 1: version is 2: allowed is 1/,
    ],
    ['an unknown line', () => [...lines().slice(0, 2), '{"drop":{}}'], /^line 3: "drop" is not one of/],
    [
      'two things in one line',
      () => [...lines().slice(0, 2), '{"frame":{},"event":{}}'],
      /^line 3: allowed is an object with one/,
    ],
    [
      'an unknown field',
      () => changed(frameAt(), (v) => Object.assign(v.frame as object, { evil: 1 })),
      /^line \d+: .*evil/,
    ],
    ['a prototype', () => [...lines().slice(0, 2), '{"__proto__":{}}'], /^line 3: /],
    [
      'a number that falls',
      () => changed(frameAt() + 1, (v) => Object.assign(Object.values(v)[0] as object, { sequence: 1 })),
      /^line \d+: sequence is 1: allowed is a whole number above/,
    ],
    [
      'a number that is none',
      () => changed(frameAt(), (v) => Object.assign(v.frame as object, { sequence: 'NaN' })),
      /^line \d+: sequence is NaN/,
    ],
    [
      'another age',
      () => changed(frameAt(), (v) => Object.assign(v.frame as object, { to: '9999-01-01T00:00:00Z' })),
      /^line \d+: to is no instant of this age/,
    ],
    [
      'a negative count',
      () =>
        changed(frameAt(), (v) => Object.assign((v.frame as { lanes: object[] }).lanes[0] as object, { answered: -5 })),
      /^line \d+: a count is -5/,
    ],
    ...(
      [
        ['messages of a lane', { messages: -1 }, /^line \d+: a count is -1/],
        ['answers by a retry', { answeredByRetry: -1 }, /^line \d+: a count is -1/],
        ['messages of a pod', { pods: [{ messages: -1 }] }, /^line \d+: a count is -1/],
        [
          'a schedule error',
          { scheduleError: { bucket: [4_000_000_000], count: [1] } },
          /^line \d+: a histogram is not/,
        ],
        ['an agent’s part', { agents: [{ agent: 'a', issued: -1 }] }, /^line \d+: a count is -1/],
        [
          'an agent’s pods',
          { agents: [{ agent: 'a', pod: [4_000_000], answered: [1] }] },
          /^line \d+: an agent names pods that the lane has not/,
        ],
      ] as const
    ).map(([name, fields, fault]): [string, () => string[], RegExp] => [
      `out of its range: ${name}`,
      () => changed(frameAt(), (v) => Object.assign((v.frame as { lanes: object[] }).lanes[0] as object, fields)),
      fault,
    ]),
    [
      'an endless count',
      () =>
        changed(frameAt(), (v) =>
          Object.assign((v.frame as { lanes: object[] }).lanes[0] as object, { answered: 'Infinity' }),
        ),
      /^line \d+: a count is Infinity/,
    ],
    [
      'a histogram out of its bounds',
      () =>
        changed(frameAt(), (v) =>
          Object.assign((v.frame as { lanes: object[] }).lanes[0] as object, {
            latency: { bucket: [4_000_000_000], count: [1] },
          }),
        ),
      /^line \d+: a histogram is not one/,
    ],
    [
      'another run inside',
      () => [
        ...lines().slice(0, 2),
        '{"event":{"sequence":999999,"at":"2026-09-21T14:00:00Z","runStarted":{"runId":"x"}}}',
      ],
      /^line 3: another run begins/,
    ],
    [
      'a name that is a book',
      () => changed(0, (v) => Object.assign((v.head as { run: object }).run, { name: 'x'.repeat(121) })),
      /^line 1: name, notes or tags are longer/,
    ],
    ['cut short', () => lines().slice(0, -5), /the end is missing: the file was cut short/],
    [
      'something taken out',
      () => lines().filter((_, i) => i !== frameAt() + 5),
      /it tells of \d+ frames and \d+ events, and \d+ and \d+ stand before it/,
    ],
    ['something after the end', () => [...lines(), lines()[2] as string], /^line \d+: something follows the end/],
    [
      'a nest without a floor',
      () => [...lines().slice(0, 2), `{"frame":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
      /^line 3: /,
    ],
  ];
  it.each(cases)('%s', async (_, make, message) => {
    const outcome = await importOf(make());
    expect(outcome.ok).toBe(false);
    if (!outcome.ok) expect(outcome.message).toMatch(message);
  });

  it('a gzip that is none, and one that swells', async () => {
    expect(await taken(Buffer.from([0x1f, 0x8b, 1, 2, 3]))).toMatchObject({
      ok: false,
      message: expect.stringContaining('gzip'),
    });
    // One line of 32 MB in 32 kB: refused for its length long before it is whole.
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, 'x'));
    expect(bomb.length).toBeLessThan(100_000);
    expect(await taken(bomb)).toMatchObject({
      ok: false,
      message: expect.stringContaining('line 1: it is longer than'),
    });
  });

  it('a piece out of its place, of no import, or too many at once', async () => {
    const data = Buffer.from(source.slice(0, 10));
    const first = await library.importRun({ offset: 0, data, last: false });
    if (!first.ok) throw new Error(first.message);
    const { importId } = fromBinary(ImportRunResponseSchema, first.body);
    expect(await library.importRun({ importId, offset: 7, data, last: false })).toMatchObject({
      code: 'invalid_argument',
      message: 'offset is 7: allowed is 10, which is what was received',
    });
    expect(await library.importRun({ importId: 'other', offset: 0, data, last: false })).toMatchObject({
      code: 'not_found',
    });
    await library.importRun({ offset: 0, data, last: false });
    expect(await library.importRun({ offset: 0, data, last: false })).toMatchObject({ code: 'resource_exhausted' });
  });

  it('and the list is as it was', () => {
    const answer = library.listRuns({});
    if (!answer.ok) throw new Error(answer.message);
    const { runs, setAside } = fromBinary(ListRunsResponseSchema, answer.body);
    expect(runs.map(({ runId, importedAt }) => runId === 'run-1' || importedAt !== undefined)).toEqual([
      true,
      true,
      true,
    ]);
    expect(setAside).toEqual([]);
  });
});

describe('CSV', () => {
  it('sums to what the run holds, and a spreadsheet runs nothing of it', () => {
    const { text } = exported('csv');
    const [head, ...rows] = text
      .trimEnd()
      .split('\r\n')
      .map((each) => each.split(','));
    const answered = head!.indexOf('answered');
    const podUid = head!.indexOf('pod_uid');
    const sum = (inLane: boolean) =>
      rows
        .filter((cells) => (cells[podUid] === '') === inLane)
        .reduce((all, cells) => all + Number(cells[answered]), 0);
    const file = RunFile.open(join(folder.path, 'run-1.run'));
    const calls = file
      .frames(0, Number.MAX_VALUE, 200, 1e6)
      .frames.flatMap(({ lanes }) => lanes)
      .reduce((all, lane) => all + lane.answered, 0);
    file.close();
    expect(sum(true)).toBe(calls);
    expect(sum(false)).toBe(calls);
    expect(new Set(rows.map((cells) => cells.length))).toEqual(new Set([head!.length]));
    expect(row(['=1+1', 'a"b', 'c,d', '@x', 5])).toBe('\'=1+1,"a""b","c,d",\'@x,5\r\n');
  });

  it('of events names each once', () => {
    const rows = exported('events_csv').text.trimEnd().split('\r\n');
    expect(rows[0]).toMatch(/^sequence,at,kind/);
    expect(rows.some((each) => each.includes('scaleAsked') && each.includes('Scale asked: 3 → 4'))).toBe(true);
  });
});

describe('the page', () => {
  it('holds tables and charts, needs nothing from outside, and runs nothing', () => {
    const { text, name } = exported('html');
    expect(name).toMatch(/\.html$/);
    expect(text).toContain("default-src 'none'");
    expect(text).not.toMatch(/<script|<link|<img|<iframe|https?:\/\/|url\(|@import/i);
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text.match(/<svg /g)).toHaveLength(4);
    for (const label of ['ClusterIP', 'Headless DNS', 'kube-watch', 'Envoy']) expect(text).toContain(label);
    expect(text).toMatch(/class="lost"/);
    expect(text).toMatch(/<polyline class="p50" points="[\d., ]+"/);
  });
});
