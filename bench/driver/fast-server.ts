/**
 * The least a server can do for a unary gRPC call over HTTP/2: canned answers, all of a read in one write. In a process of its
 * own, so that a benchmark of a driver is limited by the driver. Prints its port; ends with its standard input.
 */
import { createServer, type Socket } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { encodeFields } from '../../server/transport/http2/hpack/encoder.ts';

const prefaceBytes = 24;
const frameHeadBytes = 9;
const type = { data: 0, headers: 1, settings: 4, ping: 6, windowUpdate: 8 };
const endStream = 1;
const ack = 1;
/** Given back to the client after this many bytes. */
const windowStep = 1 << 20;

function frame(kind: number, flags: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = kind;
  head[4] = flags;
  return Buffer.concat([head, payload]);
}

const message = toBinary(
  SayHelloResponseSchema,
  create(SayHelloResponseSchema, {
    pod: {
      uid: '6c2f7d3e-1f0a-4f6e-9a57-0d1c2b3a4958',
      name: 'greeter-6d9f7c5b8-x2x4q',
      ip: '127.0.0.1',
      node: 'node-1',
      incarnation: 0,
    },
  }),
);
const prefixed = Buffer.concat([Buffer.alloc(5), message]);
prefixed.writeUInt32BE(message.length, 1);
const head = frame(
  type.headers,
  4,
  encodeFields([
    [':status', '200'],
    ['content-type', 'application/grpc+proto'],
  ]),
);
const data = frame(type.data, 0, prefixed);
const trailers = frame(type.headers, 4 | endStream, encodeFields([['grpc-status', '0']]));
const answer = Buffer.concat([head, data, trailers]);
/** Where the stream's number stands in the answer's three frames. */
const places = [5, head.length + 5, head.length + data.length + 5];
const hello = Buffer.concat([
  frame(type.settings, 0, Buffer.from([0, 4, 0, 0x10, 0, 0])),
  frame(type.windowUpdate, 0, Buffer.from([0x3f, 0, 0, 0])),
]);

function serve(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.write(hello);
  let rest: Buffer = Buffer.alloc(0);
  let opened = false;
  let taken = 0;
  socket.on('data', (read: Buffer) => {
    const bytes = rest.length === 0 ? read : Buffer.concat([rest, read]);
    const out: Buffer[] = [];
    let at = 0;
    if (!opened) {
      if (bytes.length < prefaceBytes) {
        rest = bytes;
        return;
      }
      opened = true;
      at = prefaceBytes;
    }
    while (at + frameHeadBytes <= bytes.length) {
      const size = bytes.readUIntBE(at, 3);
      if (at + frameHeadBytes + size > bytes.length) break;
      const kind = bytes[at + 3];
      const flags = bytes[at + 4] as number;
      if (kind === type.data) {
        taken += size;
        if ((flags & endStream) !== 0) {
          const whole = Buffer.from(answer);
          const id = bytes.readUInt32BE(at + 5);
          for (const place of places) whole.writeUInt32BE(id, place);
          out.push(whole);
        }
      } else if (kind === type.settings && (flags & ack) === 0) out.push(frame(type.settings, ack, Buffer.alloc(0)));
      else if (kind === type.ping && (flags & ack) === 0) {
        out.push(frame(type.ping, ack, bytes.subarray(at + frameHeadBytes, at + frameHeadBytes + size)));
      }
      at += frameHeadBytes + size;
    }
    rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
    if (taken >= windowStep) {
      const step = Buffer.alloc(4);
      step.writeUInt32BE(taken);
      out.push(frame(type.windowUpdate, 0, step));
      taken = 0;
    }
    if (out.length > 0) socket.write(Buffer.concat(out));
  });
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`${port}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
