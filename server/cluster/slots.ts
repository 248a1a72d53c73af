/** Pod colours are few: a slot is 1 to 8, and 0 means none was left (drawn grey, with the handle). */
const slotCount = 8;
/** A pod that ended keeps its place on the screen this long, and its colour with it. */
const keptMs = 60_000;
const shortestHandle = 5;

/** Gives each pod a colour slot, the lowest that is free, and a handle, the shortest end of its name that is unique. */
export class PodSlots {
  readonly #slots = new Map<string, number>();
  readonly #freeAt = new Map<string, number>();
  readonly #handles = new Map<string, string>();

  slot(uid: string, now: number): number {
    const held = this.#slots.get(uid);
    if (held !== undefined) return held;
    for (const [gone, at] of this.#freeAt) {
      if (at > now) continue;
      this.#freeAt.delete(gone);
      this.#slots.delete(gone);
      this.#handles.delete(gone);
    }
    const taken = new Set(this.#slots.values());
    let slot = 0;
    for (let candidate = 1; candidate <= slotCount; candidate += 1) {
      if (!taken.has(candidate)) {
        slot = candidate;
        break;
      }
    }
    this.#slots.set(uid, slot);
    return slot;
  }

  handle(uid: string, name: string): string {
    const held = this.#handles.get(uid);
    if (held !== undefined) return held;
    const taken = new Set(this.#handles.values());
    const segment = name.slice(name.lastIndexOf('-') + 1);
    let handle = segment.length >= shortestHandle ? segment : name.slice(-shortestHandle);
    while (taken.has(handle) && handle.length < name.length) handle = name.slice(-(handle.length + 1));
    this.#handles.set(uid, handle);
    return handle;
  }

  gone(uid: string, now: number): void {
    this.#freeAt.set(uid, now + keptMs);
  }
}
