import type { Stream } from './stream.ts';

/** Places by stream id; must be a power of two. */
const places = 1024;

/**
 * The streams that the peer counts as open, by id. An array for all but those that stay open while a thousand others begin: a
 * Map that entries enter and leave at this rate is rebuilt again and again, and each table it leaves behind keeps what it held
 * alive until the next major garbage collection, a third of the CPU of a typed call.
 */
export class OpenStreams {
  size = 0;
  private readonly recent: (Stream | undefined)[] = [];
  private readonly older = new Map<number, Stream>();

  get(id: number): Stream | undefined {
    const stream = this.recent[placeOf(id)];
    if (stream !== undefined && stream.id === id) return stream;
    return this.older.size > 0 ? this.older.get(id) : undefined;
  }

  add(stream: Stream): void {
    // Filled at once, so that it never becomes a dictionary.
    if (this.recent.length === 0) for (let place = 0; place < places; place++) this.recent.push(undefined);
    const place = placeOf(stream.id);
    const before = this.recent[place];
    if (before !== undefined) this.older.set(before.id, before);
    this.recent[place] = stream;
    this.size++;
  }

  delete(stream: Stream): void {
    const place = placeOf(stream.id);
    if (this.recent[place] === stream) this.recent[place] = undefined;
    else if (!this.older.delete(stream.id)) return;
    this.size--;
  }

  has(stream: Stream): boolean {
    return this.get(stream.id) === stream;
  }

  /** All that are open now, oldest first; the caller may change what is open. */
  all(): Stream[] {
    if (this.size === 0) return [];
    const open = [...this.older.values()];
    for (const stream of this.recent) if (stream !== undefined) open.push(stream);
    return open.sort((a, b) => a.id - b.id);
  }

  clear(): void {
    this.recent.length = 0;
    this.older.clear();
    this.size = 0;
  }
}

function placeOf(id: number): number {
  return (id >>> 1) & (places - 1);
}
