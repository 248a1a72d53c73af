import * as http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createConnectNodeTransport } from '../connect-node/index.ts';
import type { TransportFactory } from '../port.ts';
import { messageOf } from '../testing/listener.ts';
import { createHttp2Transport } from './index.ts';
import { classOf, dial, sayHello } from './testing/dial.ts';

type Answer = (stream: http2.ServerHttp2Stream, socket: Socket) => void;

const grpc = { ':status': 200, 'content-type': 'application/grpc+proto' };
const only =
  (fields: http2.OutgoingHttpHeaders): Answer =>
  (stream) =>
    stream.respond(fields, { endStream: true });
const body =
  (head: http2.OutgoingHttpHeaders, bytes: Uint8Array, trailers: http2.OutgoingHttpHeaders = {}): Answer =>
  (stream) => {
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(bytes);
  };
const one = Buffer.from([0, 0, 0, 0, 3, 0x0a, 1, 0x61]);
const statuses = Array.from({ length: 16 }, (_, n): [string, Answer] => [
  `grpc-status ${n + 1}`,
  only({ ...grpc, 'grpc-status': `${n + 1}`, 'grpc-message': 'no' }),
]);
const https = [400, 401, 403, 404, 429, 500, 502, 503, 504].map((code): [string, Answer] => [
  `HTTP ${code}`,
  only({ ':status': code }),
]);
const resets = [1, 2, 3, 5, 7, 8, 11, 12].map((code): [string, Answer] => [
  `RST_STREAM ${code}`,
  (stream) => stream.close(code),
]);
const others: [string, Answer][] = [
  ['a good answer', body(grpc, one, { 'grpc-status': '0' })],
  ['a status after a message', body(grpc, one, { 'grpc-status': '14', 'grpc-message': 'no' })],
  ['no message', body(grpc, Buffer.alloc(0), { 'grpc-status': '0' })],
  ['no grpc-status', body(grpc, one, {})],
  ['half a message', body(grpc, one.subarray(0, 6), { 'grpc-status': '0' })],
  ['a FIN', (_, socket) => socket.end()],
  ['a GOAWAY below the call, then silence', (stream) => stream.session?.goaway(0, 0)],
];

/** connect-node resets these streams itself and then takes its own code for the peer's. */
const differ: [string, Answer][] = [
  ['two messages', body(grpc, Buffer.concat([one, one]), { 'grpc-status': '0' })],
  ['compressed', body({ ...grpc, 'grpc-encoding': 'x' }, Buffer.from([1, 0, 0, 0, 0]), { 'grpc-status': '0' })],
  ['not gRPC', body({ ':status': 200, 'content-type': 'text/html' }, Buffer.from('<html>'))],
];

/** The two transports must tell the same story, or a lane would change with the client it uses. */
describe('the same outcome as the connect-node transport', () => {
  it.each([...statuses, ...https, ...resets, ...others])('%s', async (_, answer) => {
    const { theirs, ours } = await both(answer);
    expect(ours).toBe(theirs);
  });

  it.each(differ)('or a better one: %s', async (_, answer) => {
    const { theirs, ours } = await both(answer);
    expect([theirs, ours]).toEqual(['reset 13 maybe_processed', 'protocol 13 maybe_processed']);
  });
});

async function both(answer: Answer): Promise<{ theirs: string; ours: string }> {
  const server = http2.createServer();
  let last: Socket;
  server.on('connection', (socket: Socket) => {
    last = socket.on('error', () => {});
  });
  server.on('session', (session) => session.on('error', () => {}));
  server.on('stream', (stream: http2.ServerHttp2Stream) => {
    stream.on('error', () => {}).resume();
    answer(stream, last);
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const outcome = async (factory: TransportFactory) => {
    const { connection, connected } = dial(factory, port);
    await connected;
    return classOf(await connection.unary({ path: sayHello, message: messageOf('x'), timeoutMs: 2000 }));
  };
  // One after the other: `last` is the socket of the one that calls.
  return { theirs: await outcome(createConnectNodeTransport()), ours: await outcome(createHttp2Transport()) };
}
