/** A client of the suite in Node: one of our profiles, or @grpc/grpc-js itself. Says Lines on stdout; ends with its input. */
import { channel as diagnostics } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fromBinary } from '@bufbuild/protobuf';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { SayHelloResponseSchema } from '../gen/lbscope/greeter/v1/greeter_pb.js';
import type { DnsProfileName } from '../model/words.ts';
import { createChannel } from '../server/balancing/channel.ts';
import { createNodeLookup } from '../server/balancing/resolver/node-lookup.ts';
import { createClock, nodeTimers } from '../server/events/clock.ts';
import { createHttp2Transport } from '../server/transport/http2/index.ts';
import type { Line } from './lines.ts';

type Settle = (outcome: { readonly pod: string } | { readonly code: number; readonly message: string }) => void;

const path = '/lbscope.greeter.v1.Greeter/SayHello';
const { values } = parseArgs({
  options: {
    client: { type: 'string', default: '' },
    dns: { type: 'string', default: '' },
    target: { type: 'string', default: '' },
    policy: { type: 'string', default: 'round_robin' },
    rate: { type: 'string', default: '50' },
    deadline: { type: 'string', default: '2000' },
  },
});
const policy = values.policy === 'pick_first' ? 'pick_first' : 'round_robin';
const deadlineMs = Number(values.deadline);
const clock = createClock();

function say(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const podOf = (message: Uint8Array | undefined): string =>
  fromBinary(SayHelloResponseSchema, message ?? new Uint8Array()).pod?.name ?? '';

/** One of our profiles, as a lane has it. */
function ours(profile: DnsProfileName): (settle: Settle) => void {
  const channel = createChannel({
    laneId: 'conformance',
    channelIndex: 0,
    target: values.target,
    resolver: 'dns',
    policy,
    profile,
    transport: createHttp2Transport(),
    lookup: createNodeLookup({ server: values.dns }),
    sliceWatch: undefined,
    events: { emit() {} },
    clock,
    timers: nodeTimers,
    random: Math.random,
  });
  const call = { path, message: new Uint8Array(), timeoutMs: deadlineMs };
  return (settle) => {
    void channel.unary(call).then((result) => settle(result.ok ? { pod: podOf(result.message) } : result));
  };
}

/** Without any of the project's own code around it. */
function grpcJs(): (settle: Settle) => void {
  const client = new Client(`dns://${values.dns}/${values.target}`, credentials.createInsecure(), {
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ [policy]: {} }] }),
  });
  const same = (bytes: Buffer): Buffer => bytes;
  const empty = Buffer.alloc(0);
  return (settle) => {
    const deadline = new Date(Date.now() + deadlineMs);
    client.makeUnaryRequest(path, same, same, empty, { deadline }, (error: ServiceError | null, message?: Buffer) =>
      settle(error === null ? { pod: podOf(message) } : { code: error.code, message: error.details }),
    );
  };
}

// Every TCP connection this process opens, whoever opens it; lookups go over UDP.
const [, port] = values.target.split(':');
diagnostics('net.client.socket').subscribe((message) => {
  const { socket } = message as { socket: Socket };
  socket.once('connect', () => {
    if (String(socket.remotePort) !== port) return;
    say({ t: 'connected', at: clock.now(), address: `${socket.remoteAddress}:${socket.remotePort}` });
  });
});

const real = values.client === 'grpc-js';
say({ t: 'client', name: values.client, version: real ? grpcJsVersion() : '' });

function grpcJsVersion(): string {
  const file = new URL('../node_modules/@grpc/grpc-js/package.json', import.meta.url);
  return JSON.parse(readFileSync(fileURLToPath(file), 'utf8')).version;
}

let answers: Record<string, number> = {};
let errors: Record<string, number> = {};
let said: Record<string, string> = {};
const settle: Settle = (outcome) => {
  if ('pod' in outcome) {
    answers[outcome.pod] = (answers[outcome.pod] ?? 0) + 1;
    return;
  }
  errors[outcome.code] = (errors[outcome.code] ?? 0) + 1;
  said[outcome.code] = outcome.message;
};
setInterval(() => {
  say({ t: 'frame', at: clock.now(), answers, errors, said });
  [answers, errors, said] = [{}, {}, {}];
}, 200);

// A line of input begins it, so that all clients begin together however long each took to start.
process.stdin.on('end', () => process.exit(0));
await once(process.stdin, 'data');
process.stdin.resume();
const issue = real ? grpcJs() : ours(values.client.replace(/^profile /, '') as DnsProfileName);
// By the time that passed, so that a timer that fires late costs no call.
const rate = Number(values.rate);
const begun = performance.now();
let issued = 0;
setInterval(() => {
  for (const due = ((performance.now() - begun) * rate) / 1_000; issued < due; issued++) issue(settle);
}, 1_000 / rate);
