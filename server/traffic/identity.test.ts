import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SayHelloResponseSchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import { IdentityReader } from './identity.ts';

const answer = (uid: string, sequence: number, incarnation = 0): Uint8Array =>
  toBinary(
    SayHelloResponseSchema,
    create(SayHelloResponseSchema, {
      pod: { uid, name: `greeter-${uid}`, ip: '127.77.0.9', incarnation },
      sequence,
      message: 'hello',
    }),
  );

test('reads who answered, and again from the same bytes', () => {
  const reader = new IdentityReader();
  const first = reader.read(answer('uid-1', 1));
  expect(first).toEqual({ uid: 'uid-1', name: 'greeter-uid-1', ip: '127.77.0.9', incarnation: 0 });
  expect(reader.read(answer('uid-1', 2))).toBe(first);
});

test('tells pods and incarnations apart', () => {
  const reader = new IdentityReader();
  for (let i = 0; i < 50; i += 1) {
    expect(reader.read(answer(`uid-${i}`, 1))?.uid).toBe(`uid-${i}`);
    expect(reader.read(answer(`uid-${i}`, 1, 3))?.incarnation).toBe(3);
  }
});

test('rubbish is nobody, and never throws', () => {
  const reader = new IdentityReader();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const read = reader.read(bytes);
      if (read !== undefined) expect(read.uid).not.toBe('');
    }),
  );
  expect(reader.read(new Uint8Array([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]))).toBeUndefined();
  expect(reader.read(new Uint8Array())).toBeUndefined();
});
