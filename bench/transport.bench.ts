/**
 * What a unary call costs a client in CPU, and how many calls a second it gets: our transport's two faces and other clients, in
 * turn, against a server that does next to nothing and against the lab's pod.
 *
 * LBSCOPE_BENCH_ROUNDS (5) and LBSCOPE_BENCH_SLICE_MS (400) make it longer or shorter.
 */
import { type Goal, median, writeSection } from './lib/report.ts';
import { foreignClients, nodeClients } from './transport/clients.ts';
import { codecCost } from './transport/codec.ts';
import type { LoadClient, Slice } from './transport/load.ts';
import { type BenchServer, minimalServer, podServer } from './transport/servers.ts';

const rounds = Number(process.env.LBSCOPE_BENCH_ROUNDS ?? 5);
const sliceMs = Number(process.env.LBSCOPE_BENCH_SLICE_MS ?? 400);
const warmUpMs = 1000;
const shapes = [
  { concurrency: 1, connections: 1 },
  { concurrency: 64, connections: 1 },
  { concurrency: 256, connections: 1 },
  { concurrency: 64, connections: 4 },
  { concurrency: 256, connections: 4 },
] as const;
type Shape = (typeof shapes)[number];

interface Measured extends Slice {
  readonly serverCpuUs: number | undefined;
}

const results = new Map<string, Measured[]>();
const keyOf = (server: string, shape: Shape, client: string) =>
  `${server} ${shape.concurrency}/${shape.connections} ${client}`;

async function measure(server: BenchServer, shape: Shape, client: LoadClient, ms: number): Promise<Measured> {
  const before = server.cpuUs();
  const slice = await client.run({ port: server.port, ...shape }, ms);
  const after = server.cpuUs();
  return { ...slice, serverCpuUs: before === undefined || after === undefined ? undefined : after - before };
}

codecCost();
const codec: ReturnType<typeof codecCost>[] = [];
const foreign = foreignClients();
const clients = [...nodeClients(), ...foreign.flatMap(({ client }) => client ?? [])];
const servers = [await minimalServer(), await podServer()];
const pairs = servers.flatMap((server) =>
  clients.filter((client) => client.refuses?.(server.name) === undefined).map((client) => ({ server, client })),
);

try {
  for (const { server, client } of pairs) {
    for (const shape of [shapes[0], shapes[2]]) await measure(server, shape, client, warmUpMs);
  }
  for (let round = 0; round < rounds; round++) {
    for (const shape of shapes) {
      for (const { server, client } of pairs) {
        const slice = await measure(server, shape, client, sliceMs);
        // A program that begins anew each time may get nothing answered in a short slice on a busy machine.
        if (slice.calls === 0) continue;
        const key = keyOf(server.name, shape, client.name);
        results.set(key, [...(results.get(key) ?? []), slice]);
      }
    }
    codec.push(codecCost());
    console.log(`round ${round + 1} of ${rounds}`);
  }
} finally {
  for (const { close } of [...clients, ...servers]) close();
}

type Figure = (slice: Measured) => number;
const cpuPerCall: Figure = ({ cpuUs, calls }) => (cpuUs ?? Number.NaN) / calls;
const perSecond: Figure = ({ calls, ms }) => (calls * 1000) / ms;
const serverPerCall: Figure = ({ serverCpuUs, calls }) => (serverCpuUs ?? Number.NaN) / calls;

function of(server: string, shape: Shape, client: string, figure: Figure): number[] {
  return (results.get(keyOf(server, shape, client)) ?? []).map(figure);
}

const middle = (server: string, shape: Shape, client: string, figure: Figure) =>
  median(of(server, shape, client, figure));

function cell(values: readonly number[], reference: number): string {
  if (values.length === 0) return 'not run';
  const digits = median(values) < 10 ? 2 : median(values) < 1000 ? 1 : 0;
  const [low, mid, high] = [Math.min(...values), median(values), Math.max(...values)].map((v) => v.toFixed(digits));
  const ratio = Number.isFinite(reference) ? `, ${times(median(values) / reference)}` : '';
  return `${mid} (${low} to ${high})${ratio}`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}x`;
}

function table(server: string, title: string, figure: Figure): string {
  const names = pairs.filter((pair) => pair.server.name === server).map((pair) => pair.client.name);
  const rows = names.map((name) => {
    const cells = shapes.map((shape) =>
      cell(of(server, shape, name, figure), name === 'h2load' ? Number.NaN : middle(server, shape, 'h2load', figure)),
    );
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  const head = shapes.map(({ concurrency, connections }) => `${concurrency}/${connections}`).join(' | ');
  return `**${title}**\n\n| client | ${head} |\n| --- |${' --- |'.repeat(shapes.length)}\n${rows.join('\n')}\n`;
}

const [one, many, , spread] = shapes;

function ratioGoal(what: string, goal: string, ratios: readonly number[], met: (ratio: number) => boolean): Goal {
  const known = ratios.filter(Number.isFinite);
  if (known.length === 0) return { what, goal, figure: 'the other was not run', met: undefined };
  return { what, goal, figure: known.map(times).join(', '), met: known.every(met) };
}

const against = (client: string, other: string, shape: Shape, figure: Figure, server = 'minimal') =>
  middle(server, shape, client, figure) / middle(server, shape, other, figure);

const podCosts = middle('pod', many, 'own, prepared', serverPerCall);
const goals: Goal[] = [
  ratioGoal(
    'driver, fixed request, 64 at a time: CPU per call',
    '<= 0.5x h2load',
    [against('own, prepared', 'h2load', many, cpuPerCall), against('own, prepared', 'h2load', spread, cpuPerCall)],
    (ratio) => ratio <= 0.5,
  ),
  ratioGoal(
    'typed call (encode, decode, promise), 64 at a time: CPU',
    '<= 1.5x h2load',
    [against('own, typed', 'h2load', many, cpuPerCall), against('own, typed', 'h2load', spread, cpuPerCall)],
    (ratio) => ratio <= 1.5,
  ),
  ratioGoal(
    'typed call, 64 at a time: CPU',
    '<= 1/15 of grpc-js (0.07x)',
    [against('own, typed', 'grpc-js', many, cpuPerCall), against('own, typed', 'grpc-js', spread, cpuPerCall)],
    (ratio) => ratio <= 1 / 15,
  ),
  ratioGoal(
    'one call at a time: CPU, prepared and typed',
    '<= 1.4x h2load',
    [against('own, prepared', 'h2load', one, cpuPerCall), against('own, typed', 'h2load', one, cpuPerCall)],
    (ratio) => ratio <= 1.4,
  ),
  ratioGoal(
    'calls a second against the pod (node:http2), 64 at a time',
    '>= 0.95x h2load',
    [
      against('own, prepared', 'h2load', many, perSecond, 'pod'),
      against('own, prepared', 'h2load', spread, perSecond, 'pod'),
    ],
    (ratio) => ratio >= 0.95,
  ),
  ...['ghz', 'fortio (Health/Check)'].map((name) =>
    ratioGoal(
      `the same, against ${name}`,
      'above it',
      [
        against('own, prepared', name, many, perSecond, 'pod'),
        against('own, prepared', name, spread, perSecond, 'pod'),
      ],
      (ratio) => ratio > 1,
    ),
  ),
  {
    what: "the lab's pod, unary, 64 at a time: CPU per call",
    goal: '<= 60 us',
    figure: Number.isFinite(podCosts) ? `${podCosts.toFixed(0)} us` : '/proc does not tell',
    met: Number.isFinite(podCosts) ? podCosts <= 60 : undefined,
  },
];

const missing = foreign.filter(({ client }) => client === undefined);
const notRun =
  missing.length === 0
    ? ''
    : `Not run, as they are not installed: ${missing.map(({ name, install }) => `${name} (${install})`).join('; ')}.\n\n`;

const body = `One unary SayHello, ${rounds} rounds of ${sliceMs} ms for each cell, in turn. Columns are calls at a time / connections. After
the median with the least and the most stands the ratio to h2load (nghttp2, C). CPU is that of the client's process, user and
system. "own, prepared" is the driver's fast path with the answering pod read and counted; "own, typed" is a generated client
over \`createTypedTransport\`: encode, decode, a promise. The minimal server (\`bench/transport/fast-server.ts\`) answers without
reading, so the client is the limit; the pod is the lab's.

Where a typed call's CPU goes: protobuf-es alone takes ${median(codec.map(({ encodeUs }) => encodeUs)).toFixed(2)} us to create and encode this request and
${median(codec.map(({ decodeUs }) => decodeUs)).toFixed(2)} us to decode this answer (by itself, in each round of this run); the rest beyond a prepared call is a stream
object, two promises (Connect's client and the transport's), and what all that leaves to the garbage collector.

${notRun}${table('minimal', 'CPU per call against the minimal server, us', cpuPerCall)}
${table('minimal', 'Calls per second against the minimal server', perSecond)}
${table('pod', "CPU per call against the lab's pod, us", cpuPerCall)}
${table('pod', "Calls per second against the lab's pod", perSecond)}
${table('pod', "CPU of the lab's pod per call, us", serverPerCall)}`;

writeSection('transport', 'The transport', goals, body);
console.log(
  `\n${body}\n\n${goals.map(({ what, goal, figure, met }) => `${met} | ${what} | ${goal} | ${figure}`).join('\n')}`,
);
