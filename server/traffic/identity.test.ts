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

test('interns who answered, out of the middle of a buffer that is used again', () => {
  const reader = new IdentityReader();
  const buffer = Buffer.alloc(400);
  const index = (message: Uint8Array, likely?: number) => {
    buffer.fill(0xaa);
    buffer.set(message, 100);
    return reader.indexOf(buffer, 100, 100 + message.length, likely);
  };
  const a = index(answer('uid-a', 1));
  const b = index(answer('uid-b', 1));
  expect(a).not.toBe(b);
  expect(index(answer('uid-a', 2))).toBe(a);
  expect(index(answer('uid-b', 2), b)).toBe(b);
  expect(index(answer('uid-b', 3), a)).toBe(b);
  expect(index(answer('uid-a', 3, 1))).not.toBe(a);
  expect(reader.at(a)?.uid).toBe('uid-a');
  expect(reader.at(b)?.uid).toBe('uid-b');
  expect(reader.at(-1)).toBeUndefined();
  // Cut off: the rest of the buffer is not the message.
  const whole = answer('uid-a', 1);
  buffer.set(whole, 100);
  expect(reader.indexOf(buffer, 100, 120)).toBe(-1);
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
