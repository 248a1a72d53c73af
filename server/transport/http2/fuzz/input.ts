import { flag, frameType } from '../frames.ts';
import { encodeFields } from '../hpack/encoder.ts';
import { answer, data, frame, grpcMessage, headers, okHead, settings, uint32 } from '../testing/peer.ts';

/** What a peer sends, in pieces, and what this side does in between. */
export type Step =
  | { readonly t: 'bytes'; readonly bytes: Uint8Array }
  | { readonly t: 'unary' | 'prepared' | 'stream' | 'cancel' | 'time' | 'drain' | 'stuck' | 'room' };
export type Input = readonly Step[];

/** In [0, 1); a seed gives the same numbers again (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Inputs made anew and out of others: mostly right in form, as random bytes do not get far. */
export class Inputs {
  private readonly next: () => number;

  constructor(next: () => number) {
    this.next = next;
  }

  fresh(): Input {
    return Array.from({ length: 1 + this.whole(12) }, () => this.step());
  }

  /** One to four changes. */
  mutate(input: Input, other: Input): Input {
    const steps = [...input];
    for (let n = 1 + this.whole(4); n > 0; n--) {
      const at = this.whole(steps.length + 1);
      switch (this.whole(7)) {
        case 0:
          steps.splice(at, 0, this.step());
          break;
        case 1:
          steps.splice(at, 1);
          break;
        case 2:
          steps.splice(at, 0, ...other.slice(this.whole(other.length + 1)));
          break;
        case 3:
          if (steps[at] !== undefined) steps.splice(at, 0, steps[at]);
          break;
        default:
          this.changeBytes(steps, at);
      }
    }
    return steps.slice(0, 60);
  }

  whole(below: number): number {
    return Math.floor(this.next() * below);
  }

  private changeBytes(steps: Step[], at: number): void {
    const step = steps[at];
    if (step?.t !== 'bytes' || step.bytes.length === 0) return;
    const bytes = new Uint8Array(step.bytes);
    const place = this.whole(bytes.length);
    const kind = this.whole(4);
    if (kind === 0) bytes[place] = this.whole(256);
    else if (kind === 1) bytes[place] = (bytes[place] as number) ^ (1 << this.whole(8));
    else if (kind === 2) bytes[place] = this.pick([0, 1, 0x7f, 0x80, 0xff]);
    steps[at] = { t: 'bytes', bytes: kind === 3 ? bytes.subarray(0, place) : bytes };
  }

  private step(): Step {
    if (this.whole(5) > 0) return { t: 'bytes', bytes: this.frame() };
    return { t: this.pick(['unary', 'prepared', 'stream', 'cancel', 'time', 'drain', 'stuck', 'room'] as const) };
  }

  private frame(): Uint8Array {
    const id = this.pick([1, 3, 5, 7, 9, 11, 13, 15, 17, 0, 2, 99]);
    const flags = this.pick([0, 1, 4, 5, 8, 0xd, 0x2d, this.whole(256)]);
    const number = this.pick([0, 1, 100, 65_535, 2 ** 31 - 1, 2 ** 32 - 1, this.whole(2 ** 32)]);
    switch (this.whole(14)) {
      case 0:
      case 1:
        return answer(id);
      case 2:
        return headers(id, okHead);
      case 3:
        return headers(id, { 'grpc-status': this.pick(['0', '1', '14', '99', 'x', '']) }, true);
      case 4:
        return data(id, grpcMessage(this.bytes(60)), this.whole(3) === 0);
      case 5:
        return frame(frameType.data, flags, id, this.bytes(40));
      case 6:
        return frame(frameType.headers, flags, id, this.block());
      case 7:
        return Buffer.concat([
          frame(frameType.headers, flags & ~flag.endHeaders, id, this.block()),
          frame(frameType.continuation, this.pick([0, flag.endHeaders]), id, this.block()),
        ]);
      case 8:
        return frame(frameType.rstStream, 0, id, uint32(this.pick([0, 1, 7, 8, 11, number])));
      case 9:
        return frame(frameType.windowUpdate, 0, id, uint32(number));
      case 10:
        return settings([this.whole(8), number]);
      case 11:
        return frame(frameType.goaway, 0, 0, Buffer.concat([uint32(id, this.whole(14)), this.bytes(8)]));
      case 12:
        return frame(frameType.ping, this.pick([0, flag.ack]), 0, Buffer.alloc(8, this.whole(3)));
      default:
        return frame(this.whole(12), flags, id, this.bytes(12));
    }
  }

  private block(): Uint8Array {
    if (this.whole(3) === 0) return this.bytes(24);
    const names = [':status', 'content-type', 'grpc-status', 'grpc-message', 'x', 'X', '', ':path', 'grpc-encoding'];
    const values = ['200', '100', '503', 'application/grpc', '0', '7', '%zz', '%e4', 'a\n', 'x'.repeat(300)];
    const fields = Array.from({ length: this.whole(5) }, () => [this.pick(names), this.pick(values)] as const);
    // Also forms that change the table: literals with indexing, and sizes.
    const table = this.pick([[], [0x20], [0x3f, 0xe1, 0x1f], [0x40, 1, 0x61, 1, 0x62], [0xbe], [0x7f, 0x00]]);
    return Buffer.concat([Buffer.from(table), encodeFields(fields)]);
  }

  private bytes(most: number): Buffer {
    return Buffer.from(Array.from({ length: this.whole(most + 1) }, () => this.whole(256)));
  }

  private pick<T>(from: readonly T[]): T {
    return from[this.whole(from.length)] as T;
  }
}
