import * as fc from 'fast-check';
import { frameType } from '../frames.ts';
import { encodeFields } from '../hpack/encoder.ts';
import { answer, frame, grpcMessage, settings, uint32 } from './peer.ts';

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
export const anyStep = fc.oneof(
  { weight: 8, arbitrary: likely.map((bytes) => ({ t: 'bytes', bytes }) as const) },
  fc.constantFrom({ t: 'unary' } as const, { t: 'cancel' } as const, { t: 'time' } as const, { t: 'drain' } as const),
);
