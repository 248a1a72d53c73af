import { code, type Status, status } from './status.ts';

/** Length-Prefixed-Message: one byte flags, four bytes length, big endian (gRPC over HTTP/2). */
const prefixBytes = 5;

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(prefixBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, prefixBytes);
  return framed;
}

/** Cuts a stream of DATA frames into messages; their borders have nothing to do with each other. */
export class MessageReader {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #buffered = 0;
  /** Length of the message under way, once its prefix was read. */
  #expected: number | undefined;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** Every message that `chunk` completes, in order, or what is wrong with the stream; nothing is to be read after a fault. */
  push(chunk: Buffer): Uint8Array[] | Status {
    // The usual case, a whole message in one DATA frame, without a copy.
    if (this.#buffered === 0 && chunk.length >= prefixBytes) {
      const length = chunk.readUInt32BE(1);
      if (chunk[0] === 0 && chunk.length === prefixBytes + length && length <= this.#limit)
        return [chunk.subarray(prefixBytes)];
    }
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const messages: Uint8Array[] = [];
    for (;;) {
      if (this.#expected === undefined) {
        if (this.#buffered < prefixBytes) return messages;
        const prefix = this.#take(prefixBytes);
        const length = prefix.readUInt32BE(1);
        const fault = this.#check(prefix[0] as number, length);
        if (fault !== undefined) return fault;
        this.#expected = length;
      }
      if (this.#buffered < this.#expected) return messages;
      messages.push(this.#take(this.#expected));
      this.#expected = undefined;
    }
  }

  /** Whether the stream may end here. */
  get between(): boolean {
    return this.#buffered === 0 && this.#expected === undefined;
  }

  #check(flags: number, length: number): Status | undefined {
    if (flags === 1)
      return status(code.unimplemented, 'compressed messages are not supported; send grpc-encoding identity');
    if (flags !== 0) return status(code.internal, `message flags are ${flags}; 0 or 1 is allowed`);
    // Before anything is buffered: a length of 4 GiB must not cost 4 GiB.
    if (length > this.#limit)
      return status(code.resourceExhausted, `message of ${length} bytes is larger than the limit of ${this.#limit}`);
    return undefined;
  }

  #take(bytes: number): Buffer {
    if (bytes === 0) return Buffer.alloc(0);
    let first = this.#chunks[0] as Buffer;
    if (first.length < bytes) {
      first = Buffer.concat(this.#chunks);
      this.#chunks = [first];
    }
    this.#buffered -= bytes;
    if (first.length === bytes) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(bytes);
    return first.subarray(0, bytes);
  }
}
