import type { Goaway } from '../../port.ts';
import { DeadlineWheel } from '../deadlines.ts';
import { flag, frameHeadBytes, frameType } from '../frames.ts';
import { encodeFields } from '../hpack/encoder.ts';
import { Session } from '../session.ts';

/** As a socket's: its bytes mean nothing after a read. */
const readBuffer = Buffer.alloc(65_536);

/** A session without a socket and a peer made by hand, for tests: what it wrote is there as frames at once. */
export function sessionWithPeer(options: { maxQueued?: number; maxMessageBytes?: number } = {}) {
  const written: Uint8Array[] = [];
  const goaways: Goaway[] = [];
  const pings: number[] = [];
  const later: (() => void)[] = [];
  const state = { backlog: 0, drained: 0, connected: 0, now: 0 };
  let wake: { readonly at: number; readonly run: () => void } | undefined;
  const wheel = new DeadlineWheel({
    now: () => state.now,
    set: (run, ms) => {
      wake = { at: state.now + ms, run };
    },
  });
  const session = new Session(
    {
      authority: 'a',
      scheme: 'http',
      maxMessageBytes: options.maxMessageBytes ?? 1 << 20,
      maxQueued: options.maxQueued ?? 10,
      wheel,
    },
    {
      write: (bytes) => {
        written.push(new Uint8Array(bytes));
        return true;
      },
      get backlog() {
        return state.backlog;
      },
      later: (run) => later.push(run),
      onSettings: () => void state.connected++,
      onGoaway: (goaway) => goaways.push(goaway),
      onPingAnswer: (opaque) => pings.push(opaque),
      onBusy: () => {},
      onDrained: () => void state.drained++,
    },
  );
  const tick = () => {
    for (const run of later.splice(0)) run();
  };
  session.start();
  return {
    session,
    state,
    goaways,
    pings,
    tick,
    wheel,
    receive: (...frames: Uint8Array[]) => {
      // As a socket reads: always into the same memory, which means nothing afterwards.
      const bytes = Buffer.concat(frames);
      let at = 0;
      do {
        const length = bytes.copy(readBuffer, 0, at, at + readBuffer.length);
        const fault = session.receive(readBuffer, length);
        readBuffer.fill(0xaa, 0, length);
        if (fault !== undefined) return fault;
        at += length;
      } while (at < bytes.length);
      return undefined;
    },
    /** Frames written since the last call of this. */
    frames: () => {
      tick();
      return framesIn(Buffer.concat(written.splice(0)));
    },
    /** The clock moves, and the timer that is due with it. */
    advance: (ms: number) => {
      tick();
      const end = state.now + ms;
      while (wake !== undefined && wake.at <= end) {
        const { at, run } = wake;
        wake = undefined;
        state.now = at;
        run();
      }
      state.now = end;
    },
  };
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = bytes.toString('latin1', 0, 3) === 'PRI' ? 24 : 0;
  while (at + frameHeadBytes <= bytes.length) {
    const size = bytes.readUIntBE(at, 3);
    frames.push({
      type: bytes[at + 3] as number,
      flags: bytes[at + 4] as number,
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + frameHeadBytes, at + frameHeadBytes + size),
    });
    at += frameHeadBytes + size;
  }
  return frames;
}

export function frame(type: number, flags: number, id: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}

export function settings(...values: readonly (readonly [number, number])[]): Buffer {
  const parts = values.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id]), uint32(value)]));
  return frame(frameType.settings, 0, 0, Buffer.concat(parts));
}

export const okHead = { ':status': '200', 'content-type': 'application/grpc' };

export function headers(id: number, fields: Record<string, string>, end = false): Buffer {
  const flags = flag.endHeaders | (end ? flag.endStream : 0);
  return frame(frameType.headers, flags, id, encodeFields(Object.entries(fields)));
}

export function data(id: number, payload: Uint8Array, end = false): Buffer {
  return frame(frameType.data, end ? flag.endStream : 0, id, payload);
}

export function grpcMessage(text: string | Uint8Array, flags = 0): Buffer {
  const message = Buffer.from(text as Uint8Array);
  return Buffer.concat([Buffer.from([flags]), uint32(message.length), message]);
}

/** A whole good answer. */
export function answer(id: number, text = 'hi'): Buffer {
  return Buffer.concat([headers(id, okHead), data(id, grpcMessage(text)), headers(id, { 'grpc-status': '0' }, true)]);
}
