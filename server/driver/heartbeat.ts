/** How often a thread shows that its event loop turns. */
const beatMs = 200;

/** A counter in memory that two threads see: the one that is watched counts it up, whatever else it does. */
export function heartbeat(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

export function beatsOf(memory: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(memory), 0);
}

/** Called by the thread that is watched. */
export function beat(memory: SharedArrayBuffer): void {
  const count = new Int32Array(memory);
  setInterval(() => Atomics.add(count, 0, 1), beatMs).unref();
}
