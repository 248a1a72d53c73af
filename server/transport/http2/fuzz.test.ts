import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { setting } from './frames.ts';
import { anyStep } from './testing/arbitrary.ts';
import { sessionWithPeer, settings } from './testing/peer.ts';

/** More for a longer run: LBSCOPE_FUZZ_RUNS=1000000. */
const numRuns = Number(process.env.LBSCOPE_FUZZ_RUNS ?? 1500);
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
    fc.asyncProperty(
      fc.array(anyStep, { maxLength: 25 }),
      fc.integer({ min: 1, max: 64 }),
      async (steps, pieceBytes) => {
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
      },
    ),
    { numRuns },
  );
});
