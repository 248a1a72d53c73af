/**
 * The driver: rate held and schedule error at 100 to 20,000 calls/s on one lane with eight viewers, in a worker and in the
 * agent's own thread, free and held up; what recording costs; four lanes on the embedded cluster, and where the CPU goes.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { getPriority, loadavg } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { bucketOf, Merged } from '../model/histogram.ts';
import { fourLanes } from './driver/four-lanes.ts';
import { RecordingBench } from './driver/recording.ts';
import { pause, type Sample, Side } from './driver/side.ts';
import { type Goal, goalTable, machine } from './lib/report.ts';

const rates = [100, 1_000, 5_000, 10_000, 20_000];
const rounds = Number(process.env.LBSCOPE_BENCH_ROUNDS ?? 3);
const warmMs = 600;
const measureMs = 2_000;
const recordingRounds = 9;

const lines: string[] = [];
const print = (line = ''): void => {
  lines.push(line);
  console.log(line);
};

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Median (least to most). */
function spread(values: readonly number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

const ms = (late: Merged, q: number): number => late.quantile(q) / 1_000;

function share(late: Merged, overMs: number): number {
  let over = 0;
  for (let bucket = bucketOf(overMs * 1_000); bucket < late.counts.length; bucket += 1)
    over += late.counts[bucket] ?? 0;
  return late.count === 0 ? 0 : over / late.count;
}

async function startServer(): Promise<{ port: number; stop: () => void }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'driver/fast-server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve) =>
    child.stdout.once('data', (text: Buffer) => resolve(Number(text.toString()))),
  );
  return { port, stop: () => child.stdin.end() };
}

const server = await startServer();
const load = loadavg().map((each) => each.toFixed(1));
const goals: Goal[] = [];

const sides = [
  new Side('worker', 'worker', 'timer', server.port),
  new Side('worker, precise', 'worker', 'precise', server.port),
  new Side('main', 'main', 'timer', server.port),
];
const bare = new Worker(new URL('./driver/bare-timer.ts', import.meta.url));
const bareSince = (): Promise<Merged> =>
  new Promise((resolve) => {
    bare.once('message', (histogram) => resolve(new Merged().add(histogram)));
    bare.postMessage('read');
  });
const found = new Map<string, { sample: Sample; cores: number }[]>();
for (const side of sides) await side.run(5_000, 500, 500);
await bareSince();
for (let round = 0; round < rounds; round += 1) {
  for (const rate of rates) {
    for (const side of sides) {
      const cpu = process.cpuUsage();
      const from = performance.now();
      const sample = await side.run(rate, warmMs, measureMs);
      const { user, system } = process.cpuUsage(cpu);
      const cores = (user + system) / 1_000 / (performance.now() - from);
      const key = `${side.name} ${rate}`;
      found.set(key, [...(found.get(key) ?? []), { sample, cores }]);
    }
  }
}
print('## Rate held and schedule error, one lane, eight viewers');
print();
const free = await bareSince();
print('What the machine allows: a thread that only sets a timer of 1 ms, running all the while, is late by');
print(`p50 ${ms(free, 0.5).toFixed(2)} ms, p99 ${ms(free, 0.99).toFixed(2)} ms; no driver by timers can be better.`);
print();
print(
  '| calls/s | driver | achieved, % of asked | schedule error p50, ms | p99, ms | given up | failed | latency p50, ms |',
);
print('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const rate of rates) {
  for (const { name } of sides) {
    const samples = (found.get(`${name} ${rate}`) ?? []).map(({ sample }) => sample);
    const figures = [
      spread(
        samples.map(({ achieved }) => (achieved / rate) * 100),
        1,
      ),
      spread(
        samples.map(({ late }) => ms(late, 0.5)),
        2,
      ),
      spread(
        samples.map(({ late }) => ms(late, 0.99)),
        2,
      ),
      median(samples.map(({ shortfall }) => shortfall)),
      median(samples.map(({ failed }) => failed)),
      median(samples.map(({ latency }) => ms(latency, 0.5))).toFixed(2),
    ];
    print(`| ${rate} | ${name} | ${figures.join(' | ')} |`);
  }
}
print();
const cores = (name: string, rate: number): string =>
  median((found.get(`${name} ${rate}`) ?? []).map((each) => each.cores)).toFixed(2);
const worker = rates
  .filter((rate) => rate >= 1_000)
  .map((rate) => {
    const samples = (found.get(`worker ${rate}`) ?? []).map(({ sample }) => sample);
    return {
      held: median(samples.map(({ achieved }) => (achieved / rate) * 100)),
      p99: median(samples.map(({ late }) => ms(late, 0.99))),
    };
  });
const range = (values: readonly number[], digits: number): string =>
  `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
const heldAt = worker.map(({ held }) => held);
const errors = worker.map(({ p99 }) => p99);
goals.push(
  {
    what: 'rate held, one lane, 1,000 to 20,000 calls/s, eight viewers',
    goal: 'within 1 %',
    figure: `${range(heldAt, 1)} %`,
    met: heldAt.every((each) => Math.abs(each - 100) <= 1),
  },
  {
    what: `schedule error p99 of the same (a bare timer on this machine: ${ms(free, 0.99).toFixed(1)} ms)`,
    goal: '<= 2 ms',
    figure: `${range(errors, 1)} ms`,
    met: errors.every((each) => each <= 2),
  },
);
print('Cores used by the agent process (hub and eight viewers included, its pauses between rounds too):');
print(
  `${rates.map((rate) => `${rate}/s ${sides.map(({ name }) => `${name} ${cores(name, rate)}`).join(', ')}`).join('; ')}.`,
);
print();

print('## With the main thread held up 20 ms in every 100, 1,000 calls/s');
print();
print('| driver | schedule error p50, ms | p99, ms | issued more than 10 ms late, % |');
print('| --- | --- | --- | --- |');
const held = new Map<string, Sample[]>();
for (let round = 0; round < rounds; round += 1) {
  for (const side of sides) {
    const sample = await side.run(1_000, 500, 0, async () => {
      for (let i = 0; i < 25; i += 1) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        await pause(80);
      }
    });
    held.set(side.name, [...(held.get(side.name) ?? []), sample]);
  }
}
for (const { name } of sides) {
  const samples = held.get(name) ?? [];
  const of = (figure: (sample: Sample) => number, digits: number) => spread(samples.map(figure), digits);
  print(
    `| ${name} | ${of(({ late }) => ms(late, 0.5), 2)} | ${of(({ late }) => ms(late, 0.99), 2)} | ${of(({ late }) => share(late, 10) * 100, 1)} |`,
  );
}
print();
for (const side of sides) await side.stop();
await bare.terminate();

print('## What recording costs');
print();
const recording = new RecordingBench(server.port);
const [plain, recorded]: [number[], number[]] = [[], []];
for (let round = 0; round < recordingRounds; round += 1) {
  const [without, having] = [await recording.slice(false, 400), await recording.slice(true, 400)];
  if (round === 0) continue;
  plain.push(without);
  recorded.push(having);
}
await recording.stop();
print('Calls at 64 at a time on one connection through the channel, CPU us a call of the client, in turn:');
print(`without recording ${spread(plain, 2)}, recorded ${spread(recorded, 2)};`);
const costs = recorded.map((each, i) => each - (plain[i] as number));
print(`recording (slot, identity, counters, three histograms) costs ${spread(costs, 2)} us.`);
goals.push({
  what: 'recording: CPU per call on top of the call',
  goal: '<= 0.3 us',
  figure: `${median(costs).toFixed(2)} us`,
  met: median(costs) <= 0.3,
});
print();
server.stop();

print('## Four lanes on the embedded cluster');
print();
print(
  'Three pods, all programs and one viewer on the same machine. Each lane is asked for the rate until one falls below 99 %.',
);
print();
print('| calls/s and lane | total answered | held | schedule error p99, ms | cores by part |');
print('| --- | --- | --- | --- | --- |');
let best = { total: 0, cores: '' };
await fourLanes((step) => {
  const total = step.achieved.reduce((sum, each) => sum + each, 0);
  const parts = Object.entries(step.cores)
    .sort(([, a], [, b]) => b - a)
    .map(([part, used]) => `${part} ${used.toFixed(2)}`);
  if (total > best.total) best = { total, cores: parts.join(', ') };
  print(
    `| ${step.rate} | ${total.toFixed(0)} | ${step.held ? 'yes' : 'no'} | ${step.scheduleErrorP99Ms.toFixed(1)} | ${parts.join(', ')} |`,
  );
});
print();
print(`Load of the machine at the end: ${loadavg()[0]?.toFixed(1)}.`);
goals.push({
  what: 'four lanes on the embedded cluster: highest total, and cores by part',
  goal: 'reported, with where the CPU goes',
  figure: `${best.total.toFixed(0)} calls/s; ${best.cores}`,
  met: 'told',
});
const head = `# The driver, measured

Written by \`npm run bench -- driver\`. Schedule error: from the intended send to the moment the call was issued.

${machine()}
Priority ${getPriority()} (0 is usual, less is higher); load at the start ${load.join(', ')} (1, 5, 15 minutes).
Medians of ${rounds} rounds in turn (least to most), ${measureMs / 1_000} s each, against a minimal server in a process of its own.

${goalTable(goals)}
`;
writeFileSync(join(import.meta.dirname, '../docs/performance-driver.md'), `${head}${lines.join('\n')}\n`);
console.log(`\n${head}`);
process.exit(0);
