/** The clients that are Node programs, each in a process of its own (client-process.ts). */
import * as http2 from 'node:http2';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createClient, type Transport } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Client, credentials } from '@grpc/grpc-js';
import {
  Greeter,
  type SayHelloRequest,
  SayHelloRequestSchema,
  type SayHelloResponse,
  SayHelloResponseSchema,
} from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { IdentityReader } from '../../server/traffic/identity.ts';
import { createHttp2Transport } from '../../server/transport/http2/index.ts';
import type { Connection } from '../../server/transport/port.ts';
import { createTypedTransport } from '../../server/transport/typed/index.ts';
import { sayHello } from './load.ts';

const timeoutMs = 10_000;
const authority = 'bench';
const encoded = toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name: 'bench' }));

/** One connection. `loop` issues calls, so many at a time, until told to stop, and settles with the last answer. */
export interface Caller {
  loop(concurrency: number, stopped: () => boolean): Promise<number>;
  close(): void;
}

export const callers: Readonly<Record<string, (port: number) => Promise<Caller>>> = {
  'own, prepared': preparedCaller,
  'own, typed': async (port) => {
    const transport = createTypedTransport({ host: '127.0.0.1', port }, { authority, defaultTimeoutMs: timeoutMs });
    return connectCaller(transport, () => transport.close());
  },
  'node:http2, bare': bareCaller,
  'grpc-js': grpcJsCaller,
  'connect-node': async (port) => {
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}`, defaultTimeoutMs: timeoutMs });
    return connectCaller(transport, () => {});
  },
};

function inLoops(call: () => Promise<void>): Caller['loop'] {
  return async (concurrency, stopped) => {
    let calls = 0;
    const worker = async () => {
      while (!stopped()) {
        await call();
        calls++;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return calls;
  };
}

/** As the driver uses it: no promise, who answered as an integer, counted in a typed array. */
async function preparedCaller(port: number): Promise<Caller> {
  const connection = await new Promise<Connection>((resolve, reject) => {
    const made: Connection = createHttp2Transport().connect(
      { host: '127.0.0.1', port },
      { authority, connectTimeoutMs: 5000, pingIntervalMs: 10_000, pingTimeoutMs: 3000 },
      { onConnected: () => resolve(made), onGoaway: () => {}, onClosed: ({ reason }) => reject(new Error(reason)) },
    );
  });
  const reader = new IdentityReader();
  const byPod = new Float64Array(256);
  let pod = -1;
  let onAnswer = (_slot: number) => {};
  const prepared = connection.prepare(
    { path: sayHello, message: encoded, timeoutMs },
    {
      onMessage: (_, bytes, start, end) => {
        pod = reader.indexOf(bytes, start, end, pod);
      },
      onAnswered: (slot) => {
        if (pod < 0) throw new Error('nobody answered');
        byPod[pod] = (byPod[pod] ?? 0) + 1;
        onAnswer(slot);
      },
      onFailed: (_, { message }) => {
        throw new Error(`a call failed: ${message}`);
      },
    },
  );
  return {
    loop: (concurrency, stopped) =>
      new Promise((resolve) => {
        let calls = 0;
        let inFlight = concurrency;
        onAnswer = (slot) => {
          calls++;
          if (!stopped()) prepared.send(slot);
          else if (--inFlight === 0) resolve(calls);
        };
        for (let slot = 0; slot < concurrency; slot++) prepared.send(slot);
      }),
    close: () => connection.close(),
  };
}

function connectCaller(transport: Transport, close: () => void): Caller {
  const client = createClient(Greeter, transport);
  return {
    loop: inLoops(async () => {
      const { pod } = await client.sayHello({ name: 'bench' });
      if (pod === undefined) throw new Error('nobody answered');
    }),
    close,
  };
}

async function grpcJsCaller(port: number): Promise<Caller> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 5000, (error) => (error ? reject(error) : resolve()));
  });
  const serialize = (message: SayHelloRequest) => Buffer.from(toBinary(SayHelloRequestSchema, message));
  const deserialize = (bytes: Buffer) => fromBinary(SayHelloResponseSchema, bytes);
  return {
    loop: inLoops(
      () =>
        new Promise<void>((resolve, reject) => {
          const message = create(SayHelloRequestSchema, { name: 'bench' });
          const options = { deadline: Date.now() + timeoutMs };
          client.makeUnaryRequest(
            sayHello,
            serialize,
            deserialize,
            message,
            options,
            (error, answer?: SayHelloResponse) =>
              error === null && answer?.pod !== undefined ? resolve() : reject(error ?? new Error('nobody answered')),
          );
        }),
    ),
    close: () => client.close(),
  };
}

/** The least a program on node:http2 can do for a call: one request, status and bytes of the answer. */
async function bareCaller(port: number): Promise<Caller> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  const request = Buffer.concat([Buffer.from([0, 0, 0, 0, encoded.length]), encoded]);
  const headers = { ':method': 'POST', ':path': sayHello, te: 'trailers', 'content-type': 'application/grpc+proto' };
  return {
    loop: inLoops(
      () =>
        new Promise<void>((resolve, reject) => {
          const stream = session.request(headers);
          let status: unknown;
          let bytes = 0;
          stream.on('data', (data: Buffer) => {
            bytes += data.length;
          });
          stream.on('trailers', (trailers) => {
            status = trailers['grpc-status'];
          });
          stream.on('close', () => (status === '0' && bytes > 5 ? resolve() : reject(new Error('no good answer'))));
          stream.on('error', reject);
          stream.end(request);
        }),
    ),
    close: () => session.destroy(),
  };
}
