/**
 * What is known of each prepared call in flight, in arrays by slot: no object a call. A slot is free again when its call ended.
 */
export class CallSlots {
  intendedAt = new Float64Array(256);
  sentAt = new Float64Array(256);
  /** The number of the identity that answered; -1: nobody yet. */
  who = new Int32Array(256);
  #free = new Int32Array(256);
  #freeCount = 0;
  #used = 0;

  take(intendedAt: number, sentAt: number): number {
    let slot: number;
    if (this.#freeCount > 0) {
      this.#freeCount -= 1;
      slot = this.#free[this.#freeCount] as number;
    } else {
      slot = this.#used;
      this.#used += 1;
      if (slot === this.who.length) this.#grow();
    }
    this.intendedAt[slot] = intendedAt;
    this.sentAt[slot] = sentAt;
    this.who[slot] = -1;
    return slot;
  }

  release(slot: number): void {
    this.#free[this.#freeCount] = slot;
    this.#freeCount += 1;
  }

  #grow(): void {
    const size = this.who.length * 2;
    this.intendedAt = grown(this.intendedAt, new Float64Array(size));
    this.sentAt = grown(this.sentAt, new Float64Array(size));
    this.who = grown(this.who, new Int32Array(size));
    this.#free = grown(this.#free, new Int32Array(size));
  }
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
