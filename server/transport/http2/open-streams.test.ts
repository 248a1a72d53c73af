import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { OpenStreams } from './open-streams.ts';
import type { Stream } from './stream.ts';
import { answer, sessionWithPeer, settings } from './testing/peer.ts';

const streamOf = (id: number) => ({ id }) as Stream;

it('knows what a Map would know, however long some stay', () => {
  const step = fc.oneof(
    fc.record({ t: fc.constant('begin' as const), skip: fc.integer({ min: 0, max: 1500 }) }),
    fc.record({ t: fc.constant('end' as const), which: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const open = new OpenStreams();
      const model = new Map<number, Stream>();
      let id = 1;
      for (const taken of steps) {
        if (taken.t === 'begin') {
          // Ids of calls that have come and gone in between.
          id += 2 * taken.skip;
          const stream = streamOf(id);
          open.add(stream);
          model.set(id, stream);
          id += 2;
        } else {
          const one = [...model.values()][taken.which % (model.size || 1)];
          if (one === undefined) continue;
          open.delete(one);
          // A second time changes nothing.
          open.delete(one);
          model.delete(one.id);
          expect(open.has(one)).toBe(false);
          expect(open.get(one.id)).toBeUndefined();
        }
        expect(open.size).toBe(model.size);
        expect(open.all()).toEqual([...model.values()]);
        for (const [known, stream] of model) {
          expect(open.get(known)).toBe(stream);
          expect(open.has(stream)).toBe(true);
        }
        expect(open.get(id)).toBeUndefined();
        expect(open.get(0)).toBeUndefined();
      }
      open.clear();
      expect(open.size).toBe(0);
      expect(open.all()).toEqual([]);
    }),
  );
});

it('a call that stays open while thousands of others come and go gets its answer', async () => {
  const peer = sessionWithPeer();
  peer.receive(settings());
  const request = { path: '/a.B/C', message: new Uint8Array(3), timeoutMs: Number.POSITIVE_INFINITY };
  const first = peer.session.unary(request);
  for (let n = 1; n <= 3000; n++) {
    const other = peer.session.unary(request);
    peer.receive(answer(1 + 2 * n));
    expect((await other).ok).toBe(true);
  }
  expect(peer.session.inFlight).toBe(1);
  peer.receive(answer(1));
  expect((await first).ok).toBe(true);
  expect(peer.session.inFlight).toBe(0);
});
