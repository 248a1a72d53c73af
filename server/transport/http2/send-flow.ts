import { defaultFrameBytes, defaultTableBytes, defaultWindowBytes, flag, frameType, largestWindow } from './frames.ts';
import { emptyTable } from './hpack/encoder.ts';
import { prefixBytes } from './message-reader.ts';
import type { Output } from './output.ts';
import type { Stream } from './stream.ts';

/** Bytes waiting in the socket from which on no more DATA is added. */
const enoughBacklogBytes = 1 << 20;

/** What the session sends of its streams: header blocks at once, DATA as the peer's windows and the socket have room. */
export class SendFlow {
  /** What we may still send on the connection. */
  window: number = defaultWindowBytes;
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE: what we may send on a new stream. */
  peerWindow: number = defaultWindowBytes;
  peerFrameBytes: number = defaultFrameBytes;
  /** The peer has shrunk its HPACK table, and the next header block tells it that we know. */
  owesTableUpdate = false;
  /** Streams with messages that windows or the socket keep here, in turn. */
  private readonly blocked = new Set<Stream>();
  private readonly output: Output;
  private readonly backlog: () => number;

  constructor(output: Output, backlog: () => number) {
    this.output = output;
    this.backlog = backlog;
  }

  get socketHasRoom(): boolean {
    return this.backlog() <= enoughBacklogBytes;
  }

  /** We use no table, but a peer that shrinks it wants to hear so (RFC 7541, 4.2). */
  onTableSize(bytes: number): void {
    if (bytes < defaultTableBytes) this.owesTableUpdate = true;
  }

  /** False: a window would become larger than RFC 9113 allows (6.9.2). */
  onInitialWindow(bytes: number, streams: Iterable<Stream>): boolean {
    const delta = bytes - this.peerWindow;
    this.peerWindow = bytes;
    if (delta === 0) return true;
    for (const stream of streams) {
      stream.sendWindow += delta;
      if (stream.sendWindow > largestWindow) return false;
    }
    return true;
  }

  /** HEADERS, with CONTINUATION where it is long, and as much of the messages as there is room for. */
  begin(stream: Stream, block: Uint8Array, timeout: Uint8Array): void {
    stream.sendWindow = this.peerWindow;
    this.sendHead(stream.id, block, timeout, stream.extra);
    const { body } = stream;
    if (body === undefined) {
      this.pump(stream);
      return;
    }
    const bytes = prefixBytes + body.length;
    if (bytes > this.room(stream)) {
      stream.outgoing = [{ message: body, at: -prefixBytes, taken: undefined }];
      this.pump(stream);
      return;
    }
    const { output } = this;
    output.frame(bytes, frameType.data, flag.endStream, stream.id);
    output.byte(0);
    output.uint32(body.length);
    output.bytes(body);
    stream.localClosed = true;
    stream.sendWindow -= bytes;
    this.window -= bytes;
  }

  pump(stream: Stream): void {
    if (this.blocked.has(stream)) return;
    for (;;) {
      const step = this.sendSome(stream);
      if (step === 'done') return;
      if (step === 'stuck') {
        this.blocked.add(stream);
        return;
      }
    }
  }

  /** The stream's own window has grown. */
  unblock(stream: Stream): void {
    if (this.blocked.delete(stream)) this.pump(stream);
  }

  /** A frame each in turn, until all are done or stuck. */
  pumpAll(): void {
    for (let moved = true; moved && this.blocked.size > 0; ) {
      moved = false;
      for (const stream of this.blocked) {
        const step = this.sendSome(stream);
        if (step === 'done') this.blocked.delete(stream);
        if (step !== 'stuck') moved = true;
        else if (this.window <= 0) return;
      }
    }
  }

  drop(stream: Stream): void {
    if (this.blocked.size > 0) this.blocked.delete(stream);
  }

  dropAll(): void {
    this.blocked.clear();
  }

  private sendHead(id: number, block: Uint8Array, timeout: Uint8Array, extra: Uint8Array | undefined): void {
    const { output } = this;
    const size = block.length + timeout.length + (extra?.length ?? 0) + (this.owesTableUpdate ? 1 : 0);
    if (size <= this.peerFrameBytes) {
      output.frame(size, frameType.headers, flag.endHeaders, id);
      if (this.owesTableUpdate) output.byte(emptyTable);
      output.bytes(block);
      output.bytes(timeout);
      if (extra !== undefined) output.bytes(extra);
    } else {
      const update = this.owesTableUpdate ? [Uint8Array.of(emptyTable)] : [];
      this.sendLongHead(id, Buffer.concat([...update, block, timeout, extra ?? new Uint8Array(0)]));
    }
    this.owesTableUpdate = false;
  }

  private sendLongHead(id: number, block: Uint8Array): void {
    for (let at = 0; at < block.length; at += this.peerFrameBytes) {
      const end = Math.min(block.length, at + this.peerFrameBytes);
      const flags = end === block.length ? flag.endHeaders : 0;
      this.output.frame(end - at, at === 0 ? frameType.headers : frameType.continuation, flags, id);
      this.output.bytes(block, at, end);
    }
  }

  private room(stream: Stream): number {
    if (!this.socketHasRoom) return 0;
    return Math.min(this.window, stream.sendWindow, this.peerFrameBytes, defaultFrameBytes);
  }

  private sendSome(stream: Stream): 'done' | 'stuck' | 'more' {
    const part = stream.outgoing?.[0];
    if (part === undefined) {
      if (stream.halfClosed && !stream.localClosed) {
        this.output.frame(0, frameType.data, flag.endStream, stream.id);
        stream.localClosed = true;
      }
      return 'done';
    }
    const room = this.room(stream);
    if (room <= 0) return 'stuck';
    const { message } = part;
    const size = Math.min(room, message.length - part.at);
    const whole = part.at + size === message.length;
    const last = whole && stream.halfClosed && stream.outgoing?.length === 1;
    const { output } = this;
    output.frame(size, frameType.data, last ? flag.endStream : 0, stream.id);
    const end = part.at + size;
    for (; part.at < 0 && part.at < end; part.at++) {
      output.byte(part.at === -prefixBytes ? 0 : message.length >>> ((-part.at - 1) * 8));
    }
    output.bytes(message, part.at, end);
    part.at = end;
    stream.sendWindow -= size;
    this.window -= size;
    if (whole) {
      stream.outgoing?.shift();
      part.taken?.();
    }
    if (last) stream.localClosed = true;
    return last ? 'done' : 'more';
  }
}
