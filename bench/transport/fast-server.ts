/**
 * A gRPC server that does as little as can be done: it reads no header and no message, and gives each request the same
 * answer, a SayHelloResponse. So the client is what a benchmark against it measures. Prints its port; ends with its input.
 */
import * as net from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { encodeFields } from '../../server/transport/http2/hpack/encoder.ts';

const type = { data: 0, headers: 1, settings: 4, ping: 6, windowUpdate: 8 };
const endStream = 1;
const ack = 1;
const endHeaders = 4;
const frameHeadBytes = 9;
const slabBytes = 65_536;
const giveBackBytes = 1 << 20;

const message = toBinary(
  SayHelloResponseSchema,
  create(SayHelloResponseSchema, {
    pod: { uid: '0f4a6c1e-3f0b-4a53-9d0e-6f2d8c5b7a10', name: 'greeter-6b7f9-x2k4p', ip: '127.0.0.1', node: 'node-1' },
    sequence: 1,
    message: 'Hello!',
  }),
);

function frame(of: number, flags: number, id: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(frameHeadBytes + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = of;
  bytes[4] = flags;
  bytes.writeUInt32BE(id, 5);
  bytes.set(payload, frameHeadBytes);
  return bytes;
}

const head = frame(
  type.headers,
  endHeaders,
  0,
  encodeFields([
    [':status', '200'],
    ['content-type', 'application/grpc+proto'],
  ]),
);
const body = frame(type.data, 0, 0, Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]));
const tail = frame(type.headers, endHeaders | endStream, 0, encodeFields([['grpc-status', '0']]));
const answer = Buffer.concat([head, body, tail]);
const idPlaces = [5, head.length + 5, head.length + body.length + 5];
const bodyBytes = body.length - frameHeadBytes;
const copies = Math.floor(slabBytes / answer.length);

function full(): Buffer {
  return Buffer.concat(Array.from({ length: copies }, () => answer));
}

net
  .createServer((socket) => {
    socket.setNoDelay(true);
    let slab = full();
    let used = 0;
    let kept: Buffer = Buffer.alloc(0);
    let begun = false;
    // What the client lets us send. Its streams have room for one answer whatever it says.
    let window = 65_535;
    let owed = 0;
    const waiting: number[] = [];

    const flush = () => {
      if (used === 0) return;
      socket.write(slab.subarray(0, used));
      used = 0;
      // Not taken at once: the memory belongs to the socket.
      if (socket.writableLength > 0) slab = full();
    };
    const say = (bytes: Buffer) => {
      flush();
      socket.write(bytes);
    };
    const reply = (id: number) => {
      if (window < bodyBytes) {
        waiting.push(id);
        return;
      }
      window -= bodyBytes;
      if (used + answer.length > slab.length) flush();
      for (const place of idPlaces) slab.writeUInt32BE(id, used + place);
      used += answer.length;
    };
    const onFrame = (of: number, flags: number, id: number, bytes: Buffer, at: number, size: number) => {
      if (of === type.headers) {
        if (flags & endStream) reply(id);
      } else if (of === type.data) {
        owed += size;
        if (owed >= giveBackBytes) {
          const increment = Buffer.alloc(4);
          increment.writeUInt32BE(owed);
          say(frame(type.windowUpdate, 0, 0, increment));
          owed = 0;
        }
        if (flags & endStream) reply(id);
      } else if (of === type.settings) {
        if (!(flags & ack)) say(frame(type.settings, ack, 0, Buffer.alloc(0)));
      } else if (of === type.ping) {
        if (!(flags & ack)) say(frame(type.ping, ack, 0, Buffer.from(bytes.subarray(at, at + size))));
      } else if (of === type.windowUpdate && id === 0) {
        window += bytes.readUInt32BE(at);
        for (const next of waiting.splice(0)) reply(next);
      }
    };

    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      let bytes = kept.length > 0 ? Buffer.concat([kept, chunk]) : chunk;
      if (!begun) {
        if (bytes.length < 24) {
          kept = bytes;
          return;
        }
        begun = true;
        bytes = bytes.subarray(24);
        // Room for uploads: 16 MiB.
        const settings = Buffer.from([0, 3, 0, 0, 0x10, 0, 0, 4, 1, 0, 0, 0]);
        const more = Buffer.alloc(4);
        more.writeUInt32BE((16 << 20) - 65_535);
        say(Buffer.concat([frame(type.settings, 0, 0, settings), frame(type.windowUpdate, 0, 0, more)]));
      }
      let at = 0;
      while (bytes.length - at >= frameHeadBytes) {
        const size = bytes.readUIntBE(at, 3);
        if (bytes.length - at < frameHeadBytes + size) break;
        const id = bytes.readUInt32BE(at + 5);
        onFrame(bytes[at + 3] as number, bytes[at + 4] as number, id, bytes, at + frameHeadBytes, size);
        at += frameHeadBytes + size;
      }
      kept = at < bytes.length ? Buffer.from(bytes.subarray(at)) : Buffer.alloc(0);
      flush();
    });
  })
  .listen(0, '127.0.0.1', function (this: net.Server) {
    console.log((this.address() as net.AddressInfo).port);
  });
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
