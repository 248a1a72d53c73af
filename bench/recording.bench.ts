/**
 * What recording costs: an hour of four lanes at 200 calls/s in frames of the real shape, written as fast as it goes; its size, the time
 * to open and to scrub it, and the CPU that packing and writing take of a second of the run.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary } from '@bufbuild/protobuf';
import { GetSnapshotResponseSchema, ReadHistoryResponseSchema } from '../gen/lbscope/agent/v1/agent_pb.js';
import { type Event, FrameSchema } from '../gen/lbscope/events/v1/events_pb.js';
import { seeded } from '../model/compare/resample.ts';
import { bucketCount, bucketOf, toSparse } from '../model/histogram.ts';
import { addressOf, fourLanes, pod } from '../model/testkit.ts';
import { fromMs, toMs } from '../model/time.ts';
import { FakeTime } from '../server/balancing/testing/fake-time.ts';
import { createHub } from '../server/events/hub.ts';
import { Library } from '../server/recording/library.ts';
import type { Item } from '../server/recording/port.ts';
import { batchMs, Recorder } from '../server/recording/recorder.ts';

const seconds = 3_600;
const rate = 200;
const lanes = ['clusterip', 'headless', 'kubewatch', 'envoy'] as const;
const random = seeded(42);

const folder = mkdtempSync(join(tmpdir(), 'lbscope-bench-'));
const library = new Library({ folder, limits: { bytes: 1e12, days: 36_500 } });
const time = new FakeTime(1_790_000_000_000);
const hub = createHub({ clock: time, agentVersion: 'bench' });

/** Where the CPU goes: the agent's thread packs, the thread of the recordings writes. */
const spent = { packing: 0, writing: 0 };
const recorder = new Recorder({
  hub,
  clock: time,
  timers: time,
  disk: {
    write: async (items: readonly Item[]) => {
      const before = process.cpuUsage();
      const wrote = library.write(items);
      spent.writing += cpuSince(before);
      return wrote;
    },
  },
});

/** The very first part of a run: lanes, pods, beliefs. */
const { script, pods } = fourLanes();
for (const update of script.updates) {
  if (update.case !== 'event') continue;
  const { sequence: _, at: __, $typeName: ___, $unknown: ____, ...event } = update.value;
  hub.publish(event);
}
const fivePods = [...pods, pod(4), pod(5)];
hub.publish({
  kind: {
    case: 'sliceChanged',
    value: {
      service: 'greeter',
      all: fivePods.map((each) => ({ address: addressOf(each), podUid: each.uid, ready: true, serving: true })),
    },
  },
});

/** About log-normal, as latencies are: median 3 ms, a tail to 100 ms. */
function histogram(calls: number) {
  const counts = new Array<number>(bucketCount).fill(0);
  let most = 0;
  for (let i = 0; i < calls; i += 1) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const us = 3_000 * Math.exp(normal * 0.7);
    counts[bucketOf(us)]! += 1;
    most = Math.max(most, us);
  }
  return toSparse(counts, Math.round(most));
}

function frame(from: number) {
  const calls = rate / 5;
  return create(FrameSchema, {
    from: fromMs(from),
    to: fromMs(from + 200),
    lanes: lanes.map((laneId) => {
      const shown = laneId === 'clusterip' ? fivePods.slice(0, 1) : fivePods;
      return {
        laneId,
        issued: calls,
        answered: calls,
        inFlight: Math.floor(random() * 3),
        askedRate: rate,
        latency: histogram(calls),
        serviceTime: histogram(calls),
        pods: shown.map(({ uid }) => ({
          podUid: uid,
          answered: calls / shown.length,
          first: fromMs(from + random() * 20),
          last: fromMs(from + 180 + random() * 20),
          serviceTimeSumMs: calls * 3 * (0.8 + random() * 0.4),
        })),
      };
    }),
  });
}

/** Once a second and lane, as the recorder of calls does. */
function sample(laneId: string): Omit<Event, 'sequence' | 'at' | '$typeName' | '$unknown'> {
  const now = time.now();
  return {
    laneId,
    podUid: fivePods[Math.floor(random() * 5)]!.uid,
    incarnation: 0,
    address: '10.1.0.1:50051',
    connectionId: `${laneId}-c1`,
    resolutionId: `${laneId}-r1`,
    kind: {
      case: 'sampledCall',
      value: {
        $typeName: 'lbscope.events.v1.SampledCall',
        kind: 'unary',
        intendedAt: fromMs(now - 4),
        sentAt: fromMs(now - 3.8),
        endedAt: fromMs(now),
        connectedAt: fromMs(now - 60_000),
        resolvedAt: fromMs(now - 60_100),
        pick: 'round_robin 2 of 5',
        attempts: 1,
        transparentRetries: 0,
        outcome: 'ok',
        message: '',
      },
    },
  };
}

process.stderr.write(`  writing ${seconds} s of ${lanes.length} lanes x ${rate} calls/s\n`);
const runId = hub.run.runId;
let frames = 0;
let fold = 0;
for (let second = 0; second < seconds; second += 1) {
  const made = Array.from({ length: 5 }, (_, i) => frame(time.now() + i * 200));
  const samples = lanes.map(sample);
  for (const event of samples) hub.publish(event);
  const before = process.cpuUsage();
  for (const each of made) hub.frame(each);
  fold += cpuSince(before);
  frames += made.length;
  for (let beat = 0; beat < 1_000 / batchMs; beat += 1) {
    const beating = process.cpuUsage();
    const written = spent.writing;
    await time.advance(batchMs);
    spent.packing += cpuSince(beating) - (spent.writing - written);
  }
}
await recorder.close();

const bytes = statSync(join(folder, `${runId}.run`)).size;
const run = [hub.run.runStartedAt, toMs(hub.run.frames.at(-1)?.to)] as const;
const seeks = Array.from({ length: 40 }, () => run[0] + random() * (run[1] - run[0]));

// As after a start of the agent: nothing of the file is open.
library.close();
const fresh = new Library({ folder, limits: { bytes: 1e12, days: 36_500 } });
const opened = timed(() => {
  fresh.getRun(runId);
  overview(fresh);
});
const end = timed(() => fresh.snapshot(runId, undefined));
const scrubbed = seeks.map((at) => timed(() => fresh.snapshot(runId, at)));
const ahead = seeks.map((at) =>
  timed(() => fresh.readHistory(runId, { from: at, to: at + 12_000, resolutionMs: 200, kinds: [] })),
);
const answer = fresh.snapshot(runId, seeks[0]);
const decoded = timed(() => answer.ok && fromBinary(GetSnapshotResponseSchema, answer.body));
const history = fresh.readHistory(runId, { from: run[0], to: run[1], resolutionMs: 10_000, kinds: ['resolved'] });
const coarse = history.ok ? fromBinary(ReadHistoryResponseSchema, history.body).frames.length : 0;
fresh.close();
rmSync(folder, { recursive: true, force: true });

const perSecond = (ms: number) =>
  `${(ms / seconds).toFixed(2)} ms a second of the run, ${((ms / seconds / 1_000) * 100).toFixed(2)} % of a core`;
process.stdout.write(`
Recording an hour of ${lanes.length} lanes x ${rate} calls/s, ${fivePods.length} pods, ${frames} frames (Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'})

Times to open and read are CPU of one thread.

| what | figure |
| --- | --- |
| size on disk | ${(bytes / 1e6).toFixed(1)} MB |
| CPU in the agent's thread: packing | ${perSecond(spent.packing)} |
| CPU in the recordings' thread: merging, compressing, writing | ${perSecond(spent.writing)} |
| for comparison, the fold of the same frames | ${perSecond(fold)} |
| open: description, changes, overview for the scrubber | ${opened.toFixed(0)} ms |
| the state at the end | ${end.toFixed(0)} ms |
| the state at a random moment (40) | median ${quantile(scrubbed, 0.5)} ms, p95 ${quantile(scrubbed, 0.95)} ms |
| reading 12 s ahead (40) | median ${quantile(ahead, 0.5)} ms, p95 ${quantile(ahead, 0.95)} ms |
| a state on the wire | ${answer.ok ? (answer.body.length / 1e6).toFixed(2) : '?'} MB, read in ${decoded.toFixed(0)} ms |
| the whole hour in steps of 10 s | ${coarse} frames |
`);

function overview(library: Library): void {
  library.readHistory(runId, { resolutionMs: 10_000, kinds: ['scaleAsked', 'podReady', 'lossBurst'] });
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** CPU, not the clock: on a busy machine that is what it would take on an idle one. */
function timed(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  return cpuSince(before);
}

function quantile(values: readonly number[], q: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(0);
}
