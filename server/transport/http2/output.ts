import { flag, frameHeadBytes, frameType } from './frames.ts';

/** Holds the requests of one tick at a few hundred bytes each, or a few full DATA frames. */
const slabBytes = 65_536;

/**
 * Frames on their way out. What one tick writes leaves in one write to the socket: without that a call costs several times as
 * much CPU.
 */
export class Output {
  private slab: Uint8Array = Buffer.allocUnsafeSlow(slabBytes);
  private used = 0;
  private scheduled = false;
  private closed = false;
  /** True: the bytes were taken, and their memory may be used again. */
  private readonly write: (bytes: Uint8Array) => boolean;
  private readonly later: (run: () => void) => void;

  constructor(write: (bytes: Uint8Array) => boolean, later: (run: () => void) => void) {
    this.write = write;
    this.later = later;
  }

  /** Writes a frame's head; the caller appends exactly `size` bytes. Head and payload lie in one piece. */
  frame(size: number, type: number, flags: number, id: number): void {
    const needed = frameHeadBytes + size;
    if (this.used + needed > this.slab.length) {
      this.flush();
      if (this.used + needed > this.slab.length) this.slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, needed));
    }
    const { slab } = this;
    let at = this.used;
    slab[at++] = size >>> 16;
    slab[at++] = size >>> 8;
    slab[at++] = size;
    slab[at++] = type;
    slab[at++] = flags;
    this.used = at;
    this.uint32(id);
    if (this.scheduled) return;
    this.scheduled = true;
    this.later(this.onTick);
  }

  byte(value: number): void {
    this.slab[this.used++] = value;
  }

  uint32(value: number): void {
    const { slab } = this;
    const at = this.used;
    slab[at] = value >>> 24;
    slab[at + 1] = value >>> 16;
    slab[at + 2] = value >>> 8;
    slab[at + 3] = value;
    this.used = at + 4;
  }

  bytes(from: Uint8Array, start = 0, end: number = from.length): void {
    const { slab } = this;
    const size = end - start;
    // Setting a view costs more than a short loop.
    if (size <= 32) {
      for (let at = start, to = this.used; at < end; ) slab[to++] = from[at++] as number;
    } else {
      slab.set(size === from.length ? from : from.subarray(start, end), this.used);
    }
    this.used += size;
  }

  settings(values: readonly (readonly [id: number, value: number])[]): void {
    this.frame(values.length * 6, frameType.settings, 0, 0);
    for (const [id, value] of values) {
      this.byte(id >>> 8);
      this.byte(id);
      this.uint32(value);
    }
  }

  settingsAck(): void {
    this.frame(0, frameType.settings, flag.ack, 0);
  }

  windowUpdate(id: number, increment: number): void {
    this.frame(4, frameType.windowUpdate, 0, id);
    this.uint32(increment);
  }

  rstStream(id: number, code: number): void {
    this.frame(4, frameType.rstStream, 0, id);
    this.uint32(code);
  }

  goaway(code: number, debugData: string): void {
    const debug = Buffer.from(debugData, 'utf8').subarray(0, 200);
    this.frame(8 + debug.length, frameType.goaway, 0, 0);
    // The last stream of the peer's that we took: servers open none.
    this.uint32(0);
    this.uint32(code);
    this.bytes(debug);
  }

  ping(ack: boolean, high: number, low: number): void {
    this.frame(8, frameType.ping, ack ? flag.ack : 0, 0);
    this.uint32(high);
    this.uint32(low);
  }

  flush(): void {
    if (this.used === 0) return;
    const full = this.slab.subarray(0, this.used);
    this.used = 0;
    if (this.closed) return;
    if (!this.write(full)) this.slab = Buffer.allocUnsafeSlow(slabBytes);
  }

  close(): void {
    this.flush();
    this.closed = true;
  }

  private readonly onTick = (): void => {
    this.scheduled = false;
    this.flush();
  };
}
