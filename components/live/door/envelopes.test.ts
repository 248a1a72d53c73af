import { expect, test } from 'vitest';
import { Envelopes, lastEnvelope } from './envelopes.ts';

const stream = Uint8Array.from([
  ...[0, 0, 0, 0, 3, 1, 2, 3],
  ...[0, 0, 0, 0, 0],
  ...[0, 0, 0, 1, 4, ...new Uint8Array(260)],
  ...lastEnvelope('unavailable', 'gone'),
]);
const wholeAt = new Set([0, 8, 13, 278, stream.length]);

test('knows where envelopes end, however the stream is cut', () => {
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const envelopes = new Envelopes();
    envelopes.pass(stream.subarray(0, cut));
    expect(envelopes.whole, `${cut}`).toBe(wholeAt.has(cut));
    envelopes.pass(stream.subarray(cut));
    expect(envelopes.whole).toBe(true);
  }
});
