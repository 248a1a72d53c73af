import fc from 'fast-check';
import { expect, test } from 'vitest';
import { frame, MessageReader } from './framing.ts';
import { encodeStatusMessage } from './status.ts';
import { parseTimeoutMs } from './timeout.ts';

test('messages come out whole, however the stream was cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.array(fc.integer({ min: 1, max: 30 })),
      (messages, cuts) => {
        const stream = Buffer.concat(messages.map(frame));
        const reader = new MessageReader(1024);
        const out: Uint8Array[] = [];
        let at = 0;
        for (let i = 0; at < stream.length; i++) {
          const next = at + (cuts[i] ?? stream.length);
          const read = reader.push(stream.subarray(at, next));
          if (!Array.isArray(read)) throw new Error(read.message);
          out.push(...read);
          at = next;
        }
        expect(out.map((message) => [...message])).toEqual(messages.map((message) => [...message]));
        expect(reader.between).toBe(true);
      },
    ),
  );
});

test('a message beyond the limit is refused by its prefix alone', () => {
  expect(new MessageReader(10).push(Buffer.from([0, 0, 0, 0, 11]))).toMatchObject({ code: 8 });
  expect(new MessageReader(10).push(Buffer.from([1, 0, 0, 0, 1, 9]))).toMatchObject({ code: 12 });
  expect(new MessageReader(10).push(Buffer.from([7, 0, 0, 0, 1, 9]))).toMatchObject({ code: 13 });
  const half = new MessageReader(10);
  half.push(Buffer.from([0, 0, 0, 0, 2, 9]));
  expect(half.between).toBe(false);
});

test('timeouts and status messages are as gRPC over HTTP/2 says', () => {
  expect(['1H', '2M', '3S', '4m', '5u', '6n', '99999999H'].map(parseTimeoutMs)).toEqual([
    3_600_000,
    120_000,
    3_000,
    4,
    5e-3,
    6e-6,
    2 ** 31 - 1,
  ]);
  for (const wrong of ['', '1', 'S', '123456789S', '-1S', '1.5S', '1s']) expect(parseTimeoutMs(wrong)).toBeUndefined();
  expect(encodeStatusMessage('50% of Zürich\n')).toBe('50%25 of Z%C3%BCrich%0A');
});
