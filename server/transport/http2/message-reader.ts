/** gRPC's frame: one byte of flags, four of length. */
export const prefixBytes = 5;
/** First piece of memory for a message that comes in pieces: a length is only a claim. */
const firstBytes = 65_536;

export type MessageFault = { readonly t: 'compressed' | 'flags' } | { readonly t: 'too_large'; readonly bytes: number };

/** Whether these bytes are one message that may be taken, from its first byte to its last: what mostly comes. */
export function isWholeMessage(bytes: Uint8Array, start: number, end: number, maxBytes: number): boolean {
  const length = end - start - prefixBytes;
  if (length < 0 || length > maxBytes || bytes[start] !== 0) return false;
  const told =
    ((bytes[start + 1] as number) << 24) |
    ((bytes[start + 2] as number) << 16) |
    ((bytes[start + 3] as number) << 8) |
    (bytes[start + 4] as number);
  return told === length;
}

/** Messages out of DATA frames, however they were cut. */
export class MessageReader {
  private readonly maxBytes: number;
  private prefix = 0;
  private flags = 0;
  private length = 0;
  private filled = 0;
  private body: Uint8Array | undefined;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Something of a message has come, and not all of it. */
  get partial(): boolean {
    return this.prefix > 0;
  }

  /**
   * `take` gets memory of its own for each message and says whether it wants more. Returns what is wrong with the bytes.
   */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    take: (message: Uint8Array) => boolean,
  ): MessageFault | undefined {
    let at = start;
    while (at < end) {
      if (this.prefix < prefixBytes) {
        const byte = bytes[at++] as number;
        if (this.prefix === 0) this.flags = byte;
        else this.length = this.length * 256 + byte;
        if (++this.prefix < prefixBytes) continue;
        if (this.flags !== 0) return { t: this.flags === 1 ? 'compressed' : 'flags' };
        if (this.length > this.maxBytes) return { t: 'too_large', bytes: this.length };
      }
      const missing = this.length - this.filled;
      if (this.body === undefined && end - at >= missing) {
        const message = copyOf(bytes, at, at + missing);
        at += missing;
        this.reset();
        if (!take(message)) return undefined;
        continue;
      }
      const size = Math.min(missing, end - at);
      const body = this.room(this.filled + size);
      body.set(bytes.subarray(at, at + size), this.filled);
      this.filled += size;
      at += size;
      if (this.filled < this.length) continue;
      const message = body.length === this.length ? body : body.subarray(0, this.length);
      this.reset();
      if (!take(message)) return undefined;
    }
    return undefined;
  }

  private room(needed: number): Uint8Array {
    const { body } = this;
    if (body !== undefined && body.length >= needed) return body;
    const size = Math.min(this.length, Math.max(needed, body === undefined ? firstBytes : body.length * 2));
    const larger = Buffer.allocUnsafeSlow(size);
    if (body !== undefined) larger.set(body.subarray(0, this.filled));
    this.body = larger;
    return larger;
  }

  private reset(): void {
    this.prefix = 0;
    this.length = 0;
    this.filled = 0;
    this.body = undefined;
  }
}

/** Small ones share their memory's owner, as an ArrayBuffer of its own costs more than all else that is done for a message. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const size = end - start;
  const copy = Buffer.allocUnsafe(size);
  if (size <= 128) for (let at = 0; at < size; at++) copy[at] = bytes[start + at] as number;
  else copy.set(bytes.subarray(start, end));
  return copy;
}
