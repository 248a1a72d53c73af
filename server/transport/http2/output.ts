import { flag, frameHeadBytes, frameType } from './frames.ts';

/** Holds the requests of one tick at a few hundred bytes each, or a few full DATA frames. */
const slabBytes = 65_536;

/** A whole request in frames, the same each time but for its stream id. */
export class RequestTemplate {
  readonly size: number;
  /** Where DATA begins, after HEADERS. */
  readonly dataAt: number;
  readonly dataBytes: number;
  private readonly bytes: Uint8Array;
  private filled: Uint8Array | undefined;

  constructor(headers: Uint8Array, data: Uint8Array) {
    const bytes = Buffer.alloc(2 * frameHeadBytes + headers.length + data.length);
    writeHead(bytes, 0, headers.length, frameType.headers, flag.endHeaders);
    bytes.set(headers, frameHeadBytes);
    this.dataAt = frameHeadBytes + headers.length;
    writeHead(bytes, this.dataAt, data.length, frameType.data, flag.endStream);
    bytes.set(data, this.dataAt + frameHeadBytes);
    this.dataBytes = data.length;
    this.bytes = bytes;
    this.size = bytes.length;
  }

  /** Memory full of this request; `anew` when the last one was given away. */
  slab(anew: boolean): Uint8Array {
    if (this.filled !== undefined && !anew) return this.filled;
    const copies = Math.max(1, Math.floor(slabBytes / this.size));
    const slab = Buffer.allocUnsafeSlow(copies * this.size);
    for (let at = 0; at < slab.length; at += this.size) slab.set(this.bytes, at);
    this.filled = slab;
    return slab;
  }
}

function writeHead(bytes: Uint8Array, at: number, size: number, type: number, flags: number): void {
  bytes[at] = size >>> 16;
  bytes[at + 1] = size >>> 8;
  bytes[at + 2] = size;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
}

/**
 * Frames on their way out. What one tick writes leaves in one write to the socket: without that a call costs several times as
 * much CPU.
 */
export class Output {
  private own: Uint8Array = Buffer.allocUnsafeSlow(slabBytes);
  private slab: Uint8Array = this.own;
  /** Whose copies fill `slab`; undefined: it is our own, and takes any frame. */
  private template: RequestTemplate | undefined;
  private used = 0;
  private scheduled = false;
  private closed = false;
  /** True: the bytes were taken, and their memory may be used again. */
  private readonly write: (bytes: Uint8Array) => boolean;
  private readonly later: (run: () => void) => void;
  private readonly now: () => number;
  private tickAt = 0;

  constructor(write: (bytes: Uint8Array) => boolean, later: (run: () => void) => void, now: () => number) {
    this.write = write;
    this.later = later;
    this.now = now;
  }

  /** Writes a frame's head; the caller appends exactly `size` bytes. Head and payload lie in one piece. */
  frame(size: number, type: number, flags: number, id: number): void {
    const needed = frameHeadBytes + size;
    if (this.template !== undefined) {
      this.flush();
      this.template = undefined;
      this.slab = this.own;
    }
    if (this.used + needed > this.slab.length) {
      this.flush();
      if (this.used + needed > this.slab.length) this.renew(needed);
    }
    const { slab } = this;
    const at = this.used;
    writeHead(slab, at, size, type, flags);
    this.used = at + 5;
    this.uint32(id);
    if (!this.scheduled) this.schedule();
  }

  /** One more of these requests: of its bytes only the stream id is written. */
  request(template: RequestTemplate, id: number): void {
    if (this.template !== template) {
      this.flush();
      this.template = template;
      this.slab = template.slab(false);
    } else if (this.used + template.size > this.slab.length) {
      this.flush();
    }
    const at = this.used;
    this.used = at + 5;
    this.uint32(id);
    this.used = at + template.dataAt + 5;
    this.uint32(id);
    this.used = at + template.size;
    if (!this.scheduled) this.schedule();
  }

  /** The instant of this tick: one look at the clock for all that leaves in one write. */
  tick(): number {
    if (!this.scheduled) this.schedule();
    return this.tickAt;
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
    if (this.write(full)) return;
    if (this.template !== undefined) {
      this.slab = this.template.slab(true);
    } else {
      this.renew(slabBytes);
    }
  }

  private renew(needed: number): void {
    this.own = Buffer.allocUnsafeSlow(Math.max(slabBytes, needed));
    this.slab = this.own;
  }

  close(): void {
    this.flush();
    this.closed = true;
  }

  private schedule(): void {
    this.scheduled = true;
    this.tickAt = this.now();
    this.later(this.onTick);
  }

  private readonly onTick = (): void => {
    this.scheduled = false;
    this.flush();
  };
}
