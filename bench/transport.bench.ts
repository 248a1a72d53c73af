/** What a unary call costs the client: our transport, connect-node's and bare node:http2, in turn, against one pod. */
import * as http2 from 'node:http2';
import { cpus } from 'node:os';
import { create, toBinary } from '@bufbuild/protobuf';
import { SayHelloRequestSchema } from '../gen/lbscope/greeter/v1/greeter_pb.js';
import { spawnPod } from '../server/pod/testing.ts';
import { createConnectNodeTransport } from '../server/transport/connect-node/index.ts';
import { createHttp2Transport } from '../server/transport/http2/index.ts';
import type { Connection, TransportFactory } from '../server/transport/port.ts';

const path = '/lbscope.greeter.v1.Greeter/SayHello';
const message = toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name: 'bench' }));
const rounds = 5;
const sliceMs = 500;
const warmUpMs = 800;
const concurrencies = [1, 64];

interface Client {
  readonly name: string;
  call(): Promise<boolean>;
  close(): void;
}

function connect(factory: TransportFactory, port: number): Promise<Client> {
  return new Promise((resolve, reject) => {
    const connection: Connection = factory.connect(
      { host: '127.0.0.1', port },
      { authority: 'bench', connectTimeoutMs: 5000, pingIntervalMs: 10_000, pingTimeoutMs: 3000 },
      {
        onConnected: () =>
          resolve({
            name: factory.name,
            call: async () => (await connection.unary({ path, message, timeoutMs: 5000 })).ok,
            close: () => connection.close(),
          }),
        onGoaway: () => {},
        onClosed: (end) => reject(new Error(end.reason)),
      },
    );
  });
}

/** The least a program on node:http2 can do for a call: one request, status and bytes of the answer. */
async function bare(port: number): Promise<Client> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const head = Buffer.from([0, 0, 0, 0, message.length]);
  const request = Buffer.concat([head, message]);
  const headers = { ':method': 'POST', ':path': path, te: 'trailers', 'content-type': 'application/grpc+proto' };
  return {
    name: 'node:http2',
    call: () =>
      new Promise((resolve) => {
        const stream = session.request(headers);
        let status: unknown;
        let bytes = 0;
        stream.on('data', (data: Buffer) => {
          bytes += data.length;
        });
        stream.on('trailers', (trailers) => {
          status = trailers['grpc-status'];
        });
        stream.on('close', () => resolve(status === '0' && bytes > 5));
        stream.on('error', () => resolve(false));
        stream.end(request);
      }),
    close: () => session.destroy(),
  };
}

interface Slice {
  readonly cpuUs: number;
  readonly perSecond: number;
}

async function slice(client: Client, concurrency: number, ms: number): Promise<Slice> {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  let calls = 0;
  const worker = async () => {
    while (performance.now() - begun < ms) {
      if (!(await client.call())) throw new Error(`${client.name}: a call failed`);
      calls++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / calls, perSecond: (calls * 1000) / (performance.now() - begun) };
}

const pod = await spawnPod({});
const clients = [
  await connect(createHttp2Transport(), pod.port),
  await bare(pod.port),
  await connect(createConnectNodeTransport(), pod.port),
];
const slices = new Map<string, Slice[]>();
for (const concurrency of concurrencies) for (const client of clients) await slice(client, concurrency, warmUpMs);
for (let round = 0; round < rounds; round++) {
  for (const concurrency of concurrencies) {
    for (const client of clients) {
      const key = `${client.name} ${concurrency}`;
      slices.set(key, [...(slices.get(key) ?? []), await slice(client, concurrency, sliceMs)]);
    }
  }
}

console.log(
  `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${rounds} rounds of ${sliceMs} ms each\n`,
);
console.log('| transport | calls at a time | CPU us per call (least to most) | ratio | calls per second |');
console.log('| --- | --- | --- | --- | --- |');
for (const concurrency of concurrencies) {
  const of = (client: Client) => slices.get(`${client.name} ${concurrency}`) ?? [];
  const ours = median(of(clients[0] as Client).map(({ cpuUs }) => cpuUs));
  for (const client of clients) {
    const cpu = of(client).map(({ cpuUs }) => cpuUs);
    const rate = median(of(client).map(({ perSecond }) => perSecond));
    const range = `${median(cpu).toFixed(1)} (${Math.min(...cpu).toFixed(1)} to ${Math.max(...cpu).toFixed(1)})`;
    console.log(
      `| ${client.name} | ${concurrency} | ${range} | ${(median(cpu) / ours).toFixed(1)} | ${Math.round(rate)} |`,
    );
  }
}
for (const client of clients) client.close();
pod.child.kill();

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
