import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { frameType, setting } from './frames.ts';
import { encodeFields } from './hpack/encoder.ts';
import { answer, frame, grpcMessage, sessionWithPeer, settings, uint32 } from './testing/peer.ts';

/** More for a longer run: LBSCOPE_FUZZ_RUNS=1000000. */
const numRuns = Number(process.env.LBSCOPE_FUZZ_RUNS ?? 3000);
const path = '/a.B/C';

/** A session with calls of both kinds in flight; after() checks that each got exactly one outcome. */
function busy() {
  const peer = sessionWithPeer({ maxMessageBytes: 5000 });
  const counts = { issued: 0, told: 0 };
  peer.receive(settings([setting.maxConcurrentStreams, 6], [setting.initialWindowSize, 100]));
  const unary = () => {
    counts.issued++;
    void peer.session.unary({ path, message: Buffer.alloc(60), timeoutMs: 1000 }).then(() => counts.told++);
  };
  const stream = () => {
    counts.issued++;
    const writer = peer.session.stream(
      { path, timeoutMs: 1000, headers: { a: 'b' } },
      { onMessage: () => {}, onEnd: () => counts.told++ },
    );
    void writer.write(Buffer.alloc(150));
    return writer;
  };
  for (let n = 0; n < 3; n++) unary();
  for (let n = 0; n < 2; n++) stream();
  for (let n = 0; n < 3; n++) unary();
  return {
    ...peer,
    unary,
    stream,
    after: async () => {
      peer.frames();
      peer.advance(500);
      peer.session.end({ t: 'peer_closed' }, 0, '', false);
      await new Promise(setImmediate);
      expect(counts.told).toBe(counts.issued);
      expect(peer.session.inFlight).toBe(0);
      expect(peer.wheel.size).toBe(0);
    },
  };
}

const id = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(1, 3, 5, 7, 9, 11, 13) }, fc.constantFrom(0, 2, 99));
const fields = fc.oneof(
  fc.constant({ ':status': '200', 'content-type': 'application/grpc' }),
  fc.constant({ 'grpc-status': '0' }),
  fc.constant({ ':status': '200', 'content-type': 'application/grpc', 'grpc-status': '14', 'grpc-message': '%zz' }),
  fc.constant({ ':status': '103' }),
  fc.constant({ ':status': '503' }),
  fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 3 }),
);
const block = fc.oneof(
  { weight: 6, arbitrary: fields.map((all) => Buffer.from(encodeFields(Object.entries(all)))) },
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => grpcMessage(bytes)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);
const small = fc.oneof(fc.nat(300), fc.nat(), fc.constantFrom(0, 2 ** 31 - 1, 2 ** 32 - 1));
const flags = fc.oneof(fc.constantFrom(0, 1, 4, 5, 8, 0xd, 0x2d), fc.nat(255));

/** Frames that are right in most respects: deeper than random bytes come. */
const likely = fc.oneof(
  { weight: 3, arbitrary: id.map((stream) => answer(stream)) },
  {
    weight: 4,
    arbitrary: fc.tuple(flags, id, block).map(([bits, stream, bytes]) => frame(frameType.headers, bits, stream, bytes)),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(flags, id, body).map(([bits, stream, bytes]) => frame(frameType.data, bits, stream, bytes)),
  },
  fc.tuple(flags, id, block).map(([bits, stream, bytes]) => frame(frameType.continuation, bits, stream, bytes)),
  fc.tuple(id, small).map(([stream, code]) => frame(frameType.rstStream, 0, stream, uint32(code))),
  fc.tuple(id, small).map(([stream, by]) => frame(frameType.windowUpdate, 0, stream, uint32(by))),
  fc.tuple(fc.nat(8), small).map(([name, value]) => settings([name, value])),
  fc.tuple(id, fc.nat(3)).map(([last, code]) => frame(frameType.goaway, 0, 0, uint32(last, code))),
  fc.constant(frame(frameType.ping, 0, 0, Buffer.alloc(8))),
  fc
    .tuple(fc.nat(12), fc.nat(255), id, fc.uint8Array({ maxLength: 12 }))
    .map(([type, bits, stream, bytes]) => frame(type, bits, stream, bytes)),
);
/** What this side does in between. */
const step = fc.oneof(
  { weight: 8, arbitrary: likely.map((bytes) => ({ t: 'bytes', bytes }) as const) },
  fc.constantFrom({ t: 'unary' } as const, { t: 'cancel' } as const, { t: 'time' } as const, { t: 'drain' } as const),
);

it('random bytes: no exception, no hang, each call ends once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), async (chunks) => {
      const peer = busy();
      for (const chunk of chunks) if (peer.receive(chunk) !== undefined) break;
      await peer.after();
    }),
    { numRuns },
  );
});

it('frames in any order, cut anywhere: no exception, no hang, each call ends once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 64 }), async (steps, pieceBytes) => {
      const peer = busy();
      const streams = [peer.stream()];
      run: for (const taken of steps) {
        switch (taken.t) {
          case 'bytes':
            for (let at = 0; at < taken.bytes.length; at += pieceBytes) {
              if (peer.receive(taken.bytes.subarray(at, at + pieceBytes)) !== undefined) break run;
            }
            break;
          case 'unary':
            peer.unary();
            break;
          case 'cancel':
            streams.pop()?.cancel();
            break;
          case 'time':
            peer.advance(300);
            break;
          case 'drain':
            peer.session.drain();
        }
      }
      await peer.after();
    }),
    { numRuns },
  );
});
