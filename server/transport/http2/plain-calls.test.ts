import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallFailure, PreparedSink } from '../port.ts';
import { flag, frameType, setting } from './frames.ts';
import { anyStep } from './testing/arbitrary.ts';
import {
  answer,
  data,
  type Frame,
  frame,
  grpcMessage,
  headers,
  okHead,
  sessionWithPeer,
  settings,
  uint32,
} from './testing/peer.ts';

const path = '/a.B/C';
const request = { path, message: Buffer.from('hello'), timeoutMs: 1000 };

function sinkOf(told: string[], then: (slot: number) => void = () => {}): PreparedSink {
  return {
    onMessage: (slot, bytes, start, end) => told.push(`${slot} "${Buffer.from(bytes.subarray(start, end))}"`),
    onAnswered: (slot, fields) => {
      told.push(`${slot} ok ${fields.get('grpc-status')}`);
      then(slot);
    },
    onFailed: (slot, failure) => {
      told.push(`${slot} ${describeFailure(failure)}`);
      then(slot);
    },
  };
}

const describeFailure = ({ errorClass, code, seen, message, committed }: CallFailure) =>
  `${errorClass} ${code} ${seen}${committed === true ? ' committed' : ''} ${message}`;

function open(then?: (slot: number) => void) {
  const peer = sessionWithPeer();
  peer.receive(settings());
  peer.frames();
  const told: string[] = [];
  return { ...peer, told, prepared: peer.session.prepare(request, sinkOf(told, then)) };
}

const shape = ({ type, flags, id, payload }: Frame) => `${type} ${flags} ${id} ${payload.toString('hex')}`;

describe('a prepared call', () => {
  it('goes out as a unary one does', () => {
    const peer = open();
    for (let slot = 0; slot < 700; slot++) peer.prepared.send(slot);
    const other = sessionWithPeer();
    other.receive(settings());
    other.frames();
    for (let n = 0; n < 700; n++) void other.session.unary(request);
    expect(peer.frames().map(shape)).toEqual(other.frames().map(shape));
  });

  it('goes out after what was issued before it, and before what was issued after it', () => {
    const peer = open();
    void peer.session.unary(request);
    peer.prepared.send(1);
    void peer.session.unary(request);
    const heads = peer.frames().filter(({ type }) => type === frameType.headers);
    expect(heads.map(({ id }) => id)).toEqual([1, 3, 5]);
  });

  it('may send the next one from its sink', () => {
    const peer = open((slot) => slot < 3 && peer.prepared.send(slot + 1));
    peer.prepared.send(0);
    for (let id = 1; id <= 7; id += 2) expect(peer.receive(answer(id))).toBeUndefined();
    expect(peer.told).toEqual(['0 "hi"', '0 ok 0', '1 "hi"', '1 ok 0', '2 "hi"', '2 ok 0', '3 "hi"', '3 ok 0']);
    expect(peer.session.inFlight).toBe(0);
  });

  it('keeps the deadlines of all when the sink sends the next call as it hears of one that has expired', () => {
    const again = new Map([
      [0, 10],
      [1, 11],
      [10, 20],
    ]);
    const peer = open((slot) => {
      const next = again.get(slot);
      if (next !== undefined) peer.prepared.send(next);
    });
    for (const slot of [0, 1, 2, 3]) {
      peer.prepared.send(slot);
      peer.advance(100);
    }
    // Others in the wheel, by which a broken list would show.
    const others = Array.from({ length: 40 }, (_, n) =>
      peer.session.unary({ path, message: new Uint8Array(1), timeoutMs: 900 + 50 * n }),
    );
    peer.advance(10_000);
    expect(peer.told.map((text) => Number(text.split(' ')[0]))).toEqual([0, 1, 2, 3, 10, 11, 20]);
    expect([peer.session.inFlight, peer.wheel.size]).toEqual([0, 0]);
    return Promise.all(others);
  });

  describe('while more ordinary streams come and go than there are places', () => {
    async function outlived() {
      const peer = open();
      peer.prepared.send(0);
      const others: Promise<unknown>[] = [];
      for (let n = 1; n <= 3_000; n++) {
        others.push(peer.session.unary(request));
        peer.receive(headers(2 * n + 1, { ...okHead, 'grpc-status': '5' }, true));
      }
      await Promise.all(others);
      expect([peer.told, peer.session.inFlight]).toEqual([[], 1]);
      return peer;
    }

    it('ends at its deadline', async () => {
      const peer = await outlived();
      peer.advance(1_010);
      expect(peer.told).toEqual(['0 deadline 4 maybe_processed deadline exceeded']);
      expect([peer.session.inFlight, peer.wheel.size]).toEqual([0, 0]);
    });

    it('ends with its connection', async () => {
      const peer = await outlived();
      peer.session.end({ t: 'peer_closed' }, 0, '', false);
      expect(peer.told).toHaveLength(1);
      expect([peer.session.inFlight, peer.wheel.size]).toEqual([0, 0]);
    });

    it('ends with a GOAWAY below it', async () => {
      const peer = await outlived();
      peer.receive(frame(frameType.goaway, 0, 0, uint32(0, 0)));
      expect(peer.told).toHaveLength(1);
      expect([peer.session.inFlight, peer.state.drained]).toEqual([0, 1]);
    });
  });

  it('ends at its deadline, oldest first, and the wheel is left', () => {
    const peer = open();
    for (let slot = 0; slot < 3; slot++) {
      peer.prepared.send(slot);
      peer.tick();
      peer.advance(400);
    }
    // At 1200: the first is over.
    expect(peer.told).toEqual(['0 deadline 4 maybe_processed deadline exceeded']);
    expect(peer.frames().some(({ type, id }) => type === frameType.rstStream && id === 1)).toBe(true);
    peer.receive(answer(3));
    peer.advance(1000);
    expect(peer.told.slice(1)).toEqual(['1 "hi"', '1 ok 0', '2 deadline 4 maybe_processed deadline exceeded']);
    peer.session.end({ t: 'peer_closed' }, 0, '', false);
    expect(peer.wheel.size).toBe(0);
  });

  it('lets go of the wheel with its connection', () => {
    const peer = open();
    peer.prepared.send(0);
    peer.session.end({ t: 'peer_closed' }, 0, '', false);
    expect(peer.told).toEqual(['0 reset 14 maybe_processed connection ended: closed by peer']);
    expect(peer.wheel.size).toBe(0);
  });

  it('survives thousands of calls that are slower than it', () => {
    const peer = open();
    for (let slot = 0; slot < 6000; slot++) peer.prepared.send(slot);
    peer.frames();
    for (let id = 11_999; id > 0; id -= 2) expect(peer.receive(answer(id))).toBeUndefined();
    expect(peer.told.filter((line) => line.endsWith('ok 0'))).toHaveLength(6000);
    expect(new Set(peer.told).size).toBe(12_000);
    expect(peer.session.inFlight).toBe(0);
  });

  it('may close the connection from its sink', () => {
    const peer = open(() => peer.session.end({ t: 'local' }, 0, '', true));
    for (let slot = 0; slot < 3; slot++) peer.prepared.send(slot);
    peer.receive(answer(1), answer(3));
    expect(peer.told).toHaveLength(4);
    expect(peer.session.inFlight).toBe(0);
  });

  it('says each window it has to say, also of messages that came the plain way', () => {
    const peer = open();
    peer.prepared.send(0);
    peer.frames();
    peer.receive(headers(1, okHead), data(1, grpcMessage(Buffer.alloc(16_000))));
    // One more message than a unary answer has: the call is over, and its stream is reset.
    peer.receive(data(1, grpcMessage('2')));
    expect(peer.told.at(-1)).toMatch(/^0 protocol 13 maybe_processed committed .*more than one message/);
    expect(peer.frames().map(({ type, id }) => [type, id])).toEqual([[frameType.rstStream, 1]]);
  });

  it('is not plain while the peer shrinks its table, and tells it so once', () => {
    const peer = open();
    peer.receive(settings([setting.headerTableSize, 0]));
    peer.prepared.send(0);
    peer.prepared.send(1);
    const [first, second] = peer.frames().filter(({ type }) => type === frameType.headers);
    expect(first?.payload[0]).toBe(0x20);
    expect(second?.payload[0]).not.toBe(0x20);
    expect(first?.flags).toBe(flag.endHeaders);
    peer.receive(frame(frameType.rstStream, 0, 1, uint32(8)), answer(3));
    expect(peer.told).toEqual(['0 reset 1 maybe_processed stream reset by peer (code 8)', '1 "hi"', '1 ok 0']);
  });
});

it('whatever the peer does, plain calls end as unary ones do, and the peer sees the same frames', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { maxLength: 20 }), async (steps) => {
      const run = async (kind: 'unary' | 'prepared') => {
        const peer = sessionWithPeer({ maxMessageBytes: 5000 });
        const ends = new Map<number, string>();
        let issued = 0;
        const end = (slot: number, what: string) => {
          expect(ends.has(slot)).toBe(false);
          ends.set(slot, what);
        };
        const prepared = peer.session.prepare(request, {
          onMessage: () => {},
          onAnswered: (slot, fields) => end(slot, JSON.stringify([...fields])),
          onFailed: (slot, failure) => end(slot, describeFailure(failure)),
        });
        const call = () => {
          const slot = issued++;
          if (kind === 'prepared') prepared.send(slot);
          else {
            void peer.session.unary(request).then((outcome) => {
              end(slot, outcome.ok ? JSON.stringify([...outcome.headers]) : describeFailure(outcome));
            });
          }
        };
        peer.receive(settings([setting.maxConcurrentStreams, 6], [setting.initialWindowSize, 100]));
        for (let n = 0; n < 7; n++) call();
        const frames: string[] = [];
        let fault: unknown;
        for (const step of steps) {
          if (step.t === 'bytes') fault = peer.receive(step.bytes);
          else if (step.t === 'unary') call();
          else if (step.t === 'time') peer.advance(300);
          else if (step.t === 'drain') peer.session.drain();
          frames.push(...peer.frames().map(shape));
          if (fault !== undefined) break;
        }
        peer.session.end({ t: 'peer_closed' }, 0, '', false);
        await new Promise(setImmediate);
        expect(ends.size).toBe(issued);
        return { fault, frames, ends: [...ends].sort(([a], [b]) => a - b) };
      };
      expect(await run('prepared')).toEqual(await run('unary'));
    }),
    { numRuns: Number(process.env.LBSCOPE_FUZZ_RUNS ?? 700) },
  );
});
