import { describe, expect, it } from 'vitest';
import type { UnaryOutcome } from '../port.ts';
import { errorCode, flag, frameType, setting } from './frames.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import {
  answer,
  data,
  frame,
  grpcMessage,
  headers,
  okHead,
  sessionWithPeer,
  settings,
  uint32,
} from './testing/peer.ts';

const path = '/a.B/C';
const message = Buffer.from('hello');

const fieldsOf = (block: Uint8Array = new Uint8Array(0)) =>
  new HpackDecoder(1e6).decode(block, 0, block.length)?.fields;

function open(...values: [number, number][]) {
  const peer = sessionWithPeer();
  peer.receive(settings(...values));
  peer.frames();
  const call = (options: { timeoutMs?: number; message?: Uint8Array; headers?: Record<string, string> } = {}) => {
    const state: { outcome?: UnaryOutcome } = {};
    const done = peer.session.unary({ path, message, timeoutMs: 1000, ...options }).then((outcome) => {
      state.outcome = outcome;
      return outcome;
    });
    return { state, done };
  };
  const stream = () => {
    const got: string[] = [];
    const ends: unknown[] = [];
    const writer = peer.session.stream(
      { path, timeoutMs: 1000 },
      { onMessage: (bytes) => got.push(Buffer.from(bytes).toString()), onEnd: (end) => ends.push(end) },
    );
    return { got, ends, writer };
  };
  return { ...peer, call, stream };
}

describe('a call', () => {
  it('goes out as HEADERS and DATA in one write, and its answer comes back', async () => {
    const peer = open();
    const { done } = peer.call();
    const [head, body] = peer.frames();
    expect(head).toMatchObject({ type: frameType.headers, flags: flag.endHeaders, id: 1 });
    const fields = fieldsOf(head?.payload);
    expect(fields?.get(':path')).toBe(path);
    expect(fields?.get('te')).toBe('trailers');
    expect(fields?.get('grpc-timeout')).toBe('1000m');
    expect(body).toMatchObject({ type: frameType.data, flags: flag.endStream, id: 1 });
    expect(body?.payload).toEqual(grpcMessage('hello'));
    expect(peer.receive(answer(1))).toBeUndefined();
    expect(await done).toMatchObject({ ok: true, message: Buffer.from('hi') });
    expect(peer.session.inFlight).toBe(0);
    expect(peer.wheel.size).toBe(0);
  });

  it.each([
    [
      'trailers only',
      [headers(1, { ...okHead, 'grpc-status': '5', 'grpc-message': 'n%C3%B6' }, true)],
      'status_other',
      5,
    ],
    ['trailers only, OK', [headers(1, { ...okHead, 'grpc-status': '0' }, true)], 'protocol', 13],
    ['no grpc-status', [headers(1, okHead), data(1, grpcMessage('x'), true)], 'protocol', 13],
    ['a grpc-status that is none', [headers(1, { ...okHead, 'grpc-status': 'x' }, true)], 'protocol', 13],
    ['a status gRPC does not know', [headers(1, { ...okHead, 'grpc-status': '99' }, true)], 'status_other', 2],
    ['HTTP 503', [headers(1, { ':status': '503' }), data(1, Buffer.from('<html>'), true)], 'unavailable', 14],
    ['HTTP 401', [headers(1, { ':status': '401' }, true)], 'unauthenticated', 16],
    ['not gRPC', [headers(1, { ':status': '200' }), data(1, Buffer.from('{}'), true)], 'protocol', 13],
    ['no :status', [headers(1, { a: 'b' })], 'protocol', 13],
    ['DATA first', [data(1, grpcMessage('x'))], 'protocol', 13],
    ['1xx at the end', [headers(1, { ':status': '103' }, true)], 'protocol', 13],
    ['trailers without end', [headers(1, okHead), headers(1, { 'grpc-status': '0' })], 'protocol', 13],
    ['compressed', [headers(1, { ...okHead, 'grpc-encoding': 'gzip' }), data(1, grpcMessage('x', 1))], 'protocol', 13],
    ['unknown flags', [headers(1, okHead), data(1, grpcMessage('x', 2))], 'protocol', 13],
    ['too large', [headers(1, okHead), data(1, Buffer.from([0, 0xff, 0, 0, 0]))], 'status_other', 8],
    ['two messages', [headers(1, okHead), data(1, grpcMessage('x')), data(1, grpcMessage('y'))], 'protocol', 13],
    [
      'half a message',
      [headers(1, okHead), data(1, grpcMessage('x').subarray(0, 3)), headers(1, { 'grpc-status': '0' }, true)],
      'protocol',
      13,
    ],
    ['RST_STREAM CANCEL', [frame(frameType.rstStream, 0, 1, uint32(8))], 'reset', 1],
    ['RST_STREAM REFUSED_STREAM', [frame(frameType.rstStream, 0, 1, uint32(7))], 'unavailable', 14],
    ['WINDOW_UPDATE by 0', [frame(frameType.windowUpdate, 0, 1, uint32(0))], 'protocol', 13],
    ['a window too large', [frame(frameType.windowUpdate, 0, 1, uint32(2 ** 31 - 1))], 'protocol', 13],
  ] as const)('answered with %s ends alone', async (_, frames, errorClass, code) => {
    const peer = open();
    const { done } = peer.call();
    const other = peer.call();
    peer.frames();
    expect(peer.receive(...frames)).toBeUndefined();
    expect(await done).toMatchObject({ ok: false, errorClass, code });
    peer.receive(answer(3));
    expect(await other.done).toMatchObject({ ok: true });
  });

  it('survives an informational answer, padding, PRIORITY and unknown frames', async () => {
    const peer = open();
    const { done } = peer.call();
    const padded = Buffer.concat([Buffer.from([3]), grpcMessage('hi'), Buffer.alloc(3)]);
    peer.receive(
      headers(1, { ':status': '103', link: 'x' }),
      frame(0x42, 0xff, 1, Buffer.from('?')),
      frame(frameType.priority, 0, 1, Buffer.alloc(5)),
      headers(1, okHead),
      frame(frameType.data, flag.padded, 1, padded),
      headers(1, { 'grpc-status': '0' }, true),
    );
    expect(await done).toMatchObject({ ok: true, message: Buffer.from('hi') });
  });

  it('is answered byte by byte', async () => {
    const peer = open();
    const { done } = peer.call();
    for (const byte of answer(1)) expect(peer.receive(Buffer.from([byte]))).toBeUndefined();
    expect(await done).toMatchObject({ ok: true, message: Buffer.from('hi') });
  });

  it('with headers longer than a frame goes out with CONTINUATION', () => {
    const peer = open();
    void peer.call({ headers: { 'x-long': 'a'.repeat(40_000), te: 'nonsense' } });
    const frames = peer.frames();
    expect(frames.map(({ type }) => type)).toEqual([1, 9, 9, 0]);
    expect(frames.map(({ flags }) => flags)).toEqual([0, 0, flag.endHeaders, flag.endStream]);
    const block = Buffer.concat(frames.slice(0, 3).map(({ payload }) => payload));
    const fields = fieldsOf(block);
    expect(fields?.get('x-long')?.length).toBe(40_000);
    expect(fields?.get('te')).toBe('trailers');
  });

  it.each([
    ['a path', '/nonsense', {}],
    ['a header value', path, { a: 'b\r\nc' }],
    ['a header name', path, { 'a b': 'c' }],
  ])('with a broken %s is refused, never sent', async (_, brokenPath, brokenHeaders) => {
    const peer = open();
    const outcome = await peer.session.unary({ path: brokenPath, message, timeoutMs: 1000, headers: brokenHeaders });
    expect(outcome).toMatchObject({ ok: false, seen: 'never_sent' });
    expect(peer.frames()).toEqual([]);
  });

  it('tells a peer that shrank its HPACK table, once', () => {
    const peer = open([setting.headerTableSize, 0]);
    void peer.call();
    void peer.call();
    const heads = peer.frames().filter(({ type }) => type === frameType.headers);
    expect(heads.map(({ payload }) => payload[0] === 0x20)).toEqual([true, false]);
  });
});

describe('windows', () => {
  it('send no more than stream and connection allow, and go on in turn', async () => {
    const peer = open([setting.initialWindowSize, 10]);
    const { done } = peer.call({ message: Buffer.alloc(20) });
    expect(peer.frames().map(({ payload }) => payload.length)).toEqual([expect.any(Number), 10]);
    peer.receive(frame(frameType.windowUpdate, 0, 1, uint32(7)));
    expect(peer.frames().map(({ payload, flags }) => [payload.length, flags])).toEqual([[7, 0]]);
    // A smaller initial size takes the open stream's window below 0.
    peer.receive(settings([setting.initialWindowSize, 5]), frame(frameType.windowUpdate, 0, 1, uint32(5)));
    expect(peer.frames().filter(({ type }) => type === frameType.data)).toEqual([]);
    peer.receive(frame(frameType.windowUpdate, 0, 1, uint32(100)));
    expect(peer.frames().map(({ payload, flags }) => [payload.length, flags])).toEqual([[8, flag.endStream]]);
    peer.receive(answer(1));
    expect(await done).toMatchObject({ ok: true });
  });

  it('of a connection are shared: 64 KiB for all calls, and each gets its part', () => {
    const peer = open([setting.initialWindowSize, 1 << 20]);
    for (let n = 0; n < 3; n++) void peer.call({ message: Buffer.alloc(40_000) });
    const sent = () => peer.frames().filter(({ type }) => type === frameType.data);
    expect(sent().reduce((sum, { payload }) => sum + payload.length, 0)).toBe(65_535);
    peer.receive(frame(frameType.windowUpdate, 0, 0, uint32(1 << 20)));
    const rest = sent();
    expect(rest.reduce((sum, { payload }) => sum + payload.length, 0)).toBe(3 * 40_005 - 65_535);
    expect(rest.filter(({ flags }) => flags & flag.endStream).map(({ id }) => id)).toEqual([3, 5]);
  });

  it('hold a stream back while the socket is full', async () => {
    const peer = open([setting.initialWindowSize, 1 << 20]);
    const { writer } = peer.stream();
    peer.frames();
    peer.state.backlog = 2 << 20;
    let taken = false;
    const write = writer.write(message).then(() => {
      taken = true;
    });
    await Promise.resolve();
    expect([taken, peer.frames().length]).toEqual([false, 0]);
    peer.state.backlog = 0;
    peer.session.onWritable();
    await write;
    expect(peer.frames().length).toBe(1);
  });

  it('are opened again for the peer, and a peer that goes beyond is cut off', () => {
    const peer = open();
    peer.stream();
    peer.frames();
    peer.receive(headers(1, okHead));
    const chunk = data(1, Buffer.concat([grpcMessage(Buffer.alloc(16_000))]));
    for (let n = 0; n < 40; n++) expect(peer.receive(chunk)).toBeUndefined();
    const updates = peer.frames().filter(({ type }) => type === frameType.windowUpdate);
    expect(updates.map(({ id }) => id)).toEqual([1]);
  });

  it('stay shut for an answer nobody waits for, and a peer that goes beyond is cut off', () => {
    const peer = open();
    // Their resets are held back, so the streams live on.
    for (let n = 0; n < 60; n++) peer.stream().writer.cancel();
    peer.receive(headers(119, okHead));
    peer.frames();
    const chunk = data(119, Buffer.alloc(16_000));
    let chunks = 0;
    let fault: unknown;
    for (; chunks < 100 && fault === undefined; chunks++) fault = peer.receive(chunk);
    expect(fault).toMatchObject({ code: errorCode.flowControlError });
    expect(chunks).toBe(66);
    expect(peer.frames()).toEqual([]);
    peer.session.end({ t: 'local' }, 0, '', true);
  });
});

describe("the peer's limit on streams", () => {
  it('keeps calls here, in order, counted and bounded', async () => {
    const peer = open([setting.maxConcurrentStreams, 1]);
    const calls = Array.from({ length: 12 }, () => peer.call());
    expect(peer.session.queued).toBe(10);
    expect(await calls[11]?.done).toMatchObject({ ok: false, seen: 'never_sent' });
    for (let id = 1; id <= 21; id += 2) {
      expect(
        peer
          .frames()
          .filter(({ type }) => type === frameType.headers)
          .map((head) => head.id),
      ).toEqual([id]);
      peer.receive(answer(id));
    }
    const outcomes = await Promise.all(calls.map(({ done }) => done));
    expect(outcomes.filter(({ ok }) => ok).length).toBe(11);
  });

  it('0 lets nothing out until it is raised; a deadline may come first', async () => {
    const peer = open([setting.maxConcurrentStreams, 0]);
    const late = peer.call({ timeoutMs: 50 });
    const patient = peer.call();
    peer.advance(100);
    expect(await late.done).toMatchObject({ ok: false, errorClass: 'deadline', seen: 'never_sent' });
    peer.receive(settings([setting.maxConcurrentStreams, 1]));
    const head = peer.frames().find(({ type }) => type === frameType.headers);
    // What is left of the deadline, not what it was.
    const fields = fieldsOf(head?.payload);
    expect(fields?.get('grpc-timeout')).toBe('900m');
    peer.receive(answer(1));
    expect(await patient.done).toMatchObject({ ok: true });
  });
});

describe('deadlines and cancellation', () => {
  it('end 1,000 calls at once and reset no more than 50 streams in a burst', async () => {
    const peer = open();
    const calls = Array.from({ length: 1000 }, () => peer.call({ timeoutMs: 20 }));
    peer.frames();
    peer.advance(30);
    const outcomes = await Promise.all(calls.map(({ done }) => done));
    expect(outcomes.every((outcome) => !outcome.ok && outcome.errorClass === 'deadline')).toBe(true);
    const resets = peer.frames().filter(({ type }) => type === frameType.rstStream);
    expect(resets.length).toBe(50);
    expect(resets[0]?.payload).toEqual(uint32(errorCode.cancel));
    expect(peer.session.inFlight).toBe(0);
    // Late answers find nobody, and are no fault.
    for (let id = 1; id < 2000; id += 2) expect(peer.receive(answer(id))).toBeUndefined();
    peer.session.end({ t: 'local' }, 0, '', true);
  });

  it('cancel ends a stream once, after it returned', async () => {
    const peer = open();
    const { writer, ends } = peer.stream();
    writer.cancel();
    writer.cancel();
    expect(ends).toEqual([]);
    await Promise.resolve();
    expect(ends).toMatchObject([{ ok: false, code: 1 }]);
    await writer.write(message);
    expect(peer.frames().map(({ type }) => type)).toEqual([frameType.headers, frameType.rstStream]);
  });

  it('an answer that comes before the request has ended closes the stream, without a reset', () => {
    const peer = open();
    const { ends } = peer.stream();
    peer.frames();
    peer.receive(headers(1, { ...okHead, 'grpc-status': '0' }, true));
    expect(ends).toEqual([{ ok: true }]);
    expect(peer.frames()).toMatchObject([{ type: frameType.data, flags: flag.endStream, id: 1 }]);
  });
});

describe('GOAWAY', () => {
  it('in two steps: no new calls, then those above the last id are known as unprocessed', async () => {
    const peer = open();
    const first = peer.call();
    const second = peer.call();
    peer.receive(frame(frameType.goaway, 0, 0, uint32(2 ** 31 - 1, 0)));
    expect(await peer.call().done).toMatchObject({ ok: false, seen: 'never_sent' });
    expect(peer.session.inFlight).toBe(2);
    peer.receive(frame(frameType.goaway, 0, 0, Buffer.concat([uint32(1, 0), Buffer.from('bye')])));
    expect(await second.done).toMatchObject({ errorClass: 'goaway_unprocessed', seen: 'unprocessed' });
    expect(peer.state.drained).toBe(0);
    peer.receive(answer(1));
    expect(await first.done).toMatchObject({ ok: true });
    expect(peer.state.drained).toBeGreaterThan(0);
    expect(peer.goaways).toMatchObject([
      { lastStreamId: 2 ** 31 - 1, inFlight: 2 },
      { lastStreamId: 1, debugData: 'bye' },
    ]);
  });

  it('a third one, or a higher id, is no news', () => {
    const peer = open();
    void peer.call();
    for (const id of [1, 5, 7, 9]) peer.receive(frame(frameType.goaway, 0, 0, uint32(id, 0)));
    expect(peer.goaways.length).toBe(2);
    expect(peer.session.goawayAbove).toBe(1);
  });
});

describe('a peer that breaks the protocol', () => {
  const call = headers(1, okHead);
  it.each([
    ['a first frame that is not SETTINGS', [frame(frameType.ping, 0, 0, Buffer.alloc(8))], errorCode.protocolError],
    ['a frame that is too large', [settings(), Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0])], 6],
    ['DATA on stream 0', [settings(), data(0, message)], 1],
    ['DATA on a stream never opened', [settings(), data(7, message)], 1],
    ['DATA on an even stream', [settings(), data(2, message)], 1],
    ['HEADERS on a stream never opened', [settings(), headers(7, okHead)], 1],
    ['RST_STREAM on a stream never opened', [settings(), frame(frameType.rstStream, 0, 7, uint32(0))], 1],
    ['too much padding', [settings(), call, frame(frameType.data, flag.padded, 1, Buffer.from([5, 0]))], 1],
    ['PUSH_PROMISE', [settings(), frame(frameType.pushPromise, flag.endHeaders, 1, uint32(2))], 1],
    ['CONTINUATION alone', [settings(), frame(frameType.continuation, 4, 1)], 1],
    ['a frame within a header block', [settings(), frame(frameType.headers, 0, 1), settings()], 1],
    ['SETTINGS of 5 bytes', [frame(frameType.settings, 0, 0, Buffer.alloc(5))], 6],
    ['SETTINGS on a stream', [settings(), frame(frameType.settings, 0, 1)], 1],
    ['an acknowledgement with a body', [settings(), frame(frameType.settings, 1, 0, Buffer.alloc(6))], 6],
    ['ENABLE_PUSH 1', [settings([setting.enablePush, 1])], 1],
    ['a window beyond 2^31-1', [settings([setting.initialWindowSize, 2 ** 31])], 3],
    ['a small MAX_FRAME_SIZE', [settings([setting.maxFrameSize, 100])], 1],
    ['WINDOW_UPDATE by 0', [settings(), frame(frameType.windowUpdate, 0, 0, uint32(0))], 1],
    ['a connection window too large', [settings(), frame(frameType.windowUpdate, 0, 0, uint32(2 ** 31 - 1))], 3],
    ['PING of 7 bytes', [settings(), frame(frameType.ping, 0, 0, Buffer.alloc(7))], 6],
    ['GOAWAY of 7 bytes', [settings(), frame(frameType.goaway, 0, 0, Buffer.alloc(7))], 6],
    ['broken HPACK', [settings(), frame(frameType.headers, 4, 1, Buffer.from([0x80]))], 9],
    [
      'CONTINUATION without end',
      [
        settings(),
        frame(frameType.headers, 0, 1),
        ...Array.from({ length: 70 }, () => frame(frameType.continuation, 0, 1)),
      ],
      11,
    ],
  ] as const)('%s: the connection ends with the right code', (_, frames, code) => {
    const peer = sessionWithPeer();
    let fault = peer.receive(frames[0] as Uint8Array);
    // Opens stream 1, if the first frame was SETTINGS.
    void peer.session.unary({ path, message, timeoutMs: 1000 });
    fault ??= peer.receive(...(frames.slice(1) as Uint8Array[]));
    expect(fault).toMatchObject({ code });
  });

  it('asks and does not read: cut off before it costs memory', () => {
    const peer = open();
    peer.state.backlog = 9 << 20;
    expect(peer.receive(frame(frameType.ping, 0, 0, Buffer.alloc(8)))).toMatchObject({
      code: errorCode.enhanceYourCalm,
    });
  });
});

it('a handler that throws ends its own call', async () => {
  const peer = open();
  const warned = new Promise((resolve) => process.once('warning', resolve));
  const end = new Promise((resolve) => {
    peer.session.stream(
      { path, timeoutMs: 1000 },
      {
        onMessage: () => {
          throw new Error('handler');
        },
        onEnd: resolve,
      },
    );
  });
  const other = peer.call();
  peer.receive(answer(1), answer(3));
  expect(await end).toMatchObject({ ok: false, errorClass: 'protocol' });
  expect(await other.done).toMatchObject({ ok: true });
  expect(await warned).toBeInstanceOf(Error);
});
