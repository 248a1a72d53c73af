import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  CollectHellosResponseSchema,
  SayHelloRequestSchema,
  SayHelloResponseSchema,
  StreamHellosRequestSchema,
} from '../../../gen/lbscope/greeter/v1/greeter_pb.js';
import { createHttp2Transport } from '../http2/index.ts';
import { dial, exchange, sayHello } from '../http2/testing/dial.ts';
import { fourKinds, hammer, hello, largeMessage } from './battery.ts';

const service = '/lbscope.greeter.v1.Greeter';
const answer = (name: string) =>
  Buffer.from(toBinary(SayHelloResponseSchema, create(SayHelloResponseSchema, { message: `Hello, ${name}` })));
const nameOf = (request: Uint8Array) => fromBinary(SayHelloRequestSchema, request).name;

/** grpc-js's own server, its messages as bytes. */
async function grpcServer(options: Record<string, number> = {}) {
  const server = new Server(options);
  const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
    path: `${service}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  });
  server.addService(
    {
      sayHello: method('SayHello', false, false),
      streamHellos: method('StreamHellos', false, true),
      collectHellos: method('CollectHellos', true, false),
      chatHellos: method('ChatHellos', true, true),
    },
    {
      sayHello: ({ request }: { request: Buffer }, done: sendUnaryData<Buffer>) => done(null, answer(nameOf(request))),
      streamHellos: (call: ServerWritableStream<Buffer, Buffer>) => {
        const { name, count } = fromBinary(StreamHellosRequestSchema, call.request);
        for (let n = 0; n < count; n++) call.write(answer(name));
        call.end();
      },
      collectHellos: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        let count = 0;
        call.on('data', () => count++);
        call.on('end', () => {
          const message = create(CollectHellosResponseSchema, { count });
          done(null, Buffer.from(toBinary(CollectHellosResponseSchema, message)));
        });
      },
      chatHellos: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (request: Buffer) => call.write(answer(nameOf(request))));
        call.on('end', () => call.end());
        call.on('error', () => {});
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { server, port };
}

describe('with the server of grpc-js', () => {
  it.each([
    ['its defaults', {}],
    ['one stream at a time', { 'grpc.max_concurrent_streams': 1 }],
    ['a window of 1,000 bytes', { 'grpc-node.flow_control_window': 1000 }],
  ])('%s: all four kinds of call, and 1,000 calls at 64 at a time', async (_, options) => {
    const { port } = await grpcServer(options);
    const { connection, connected } = dial(createHttp2Transport(), port);
    await connected;
    await fourKinds(connection);
    const { answered, failures } = await hammer(connection, 1000, 64);
    expect([answered, failures]).toEqual([1000, []]);
  });

  it('a message of 16 MiB', async () => {
    const { port } = await grpcServer({ 'grpc.max_receive_message_length': 17 << 20 });
    const { connection, connected } = dial(createHttp2Transport(), port);
    await connected;
    await largeMessage(connection, sayHello);
  });

  it('it shuts down with streams and calls under way: each ends once', async () => {
    const { server, port } = await grpcServer();
    const { connection, connected, ended } = dial(createHttp2Transport(), port);
    await connected;
    const calls = hammer(connection, 2000, 16);
    const streams = Array.from({ length: 5 }, () =>
      exchange(connection, `${service}/ChatHellos`, new Array(50).fill(hello('c'))),
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
    const down = new Promise((resolve) => server.tryShutdown(resolve));
    const { issued, answered, failures } = await calls;
    expect(answered + failures.length).toBe(issued);
    expect(failures.filter(({ seen }) => seen === 'maybe_processed')).toEqual([]);
    for (const { end, ends } of await Promise.all(streams)) expect([end, ends]).toEqual([{ ok: true }, 1]);
    expect((await ended).reason).toBe('goaway');
    await down;
  });
});
