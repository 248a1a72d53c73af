const headBytes = 5;

/** An error as the last envelope of a Connect stream. */
export function lastEnvelope(code: string, message: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(JSON.stringify({ error: { code, message } }));
  const envelope = new Uint8Array(headBytes + body.length);
  // Flag 2: end of stream.
  envelope[0] = 2;
  new DataView(envelope.buffer).setUint32(1, body.length);
  envelope.set(body, headBytes);
  return envelope;
}

/** Follows the envelopes of a Connect stream through pieces that are cut anywhere: flags, length, message, and so on. */
export class Envelopes {
  private readonly head = new Uint8Array(headBytes);
  private read = 0;
  private left = 0;

  pass(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      if (this.left > 0) {
        const taken = Math.min(this.left, piece.length - at);
        this.left -= taken;
        at += taken;
        continue;
      }
      this.head[this.read] = piece[at] as number;
      this.read += 1;
      at += 1;
      if (this.read < headBytes) continue;
      this.read = 0;
      this.left = new DataView(this.head.buffer).getUint32(1);
    }
  }

  /** Another envelope may follow here; else one is cut off in its middle. */
  get whole(): boolean {
    return this.left === 0 && this.read === 0;
  }
}
