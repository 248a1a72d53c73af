import { HeaderBlock } from './header-block.ts';
import { decodeHuffman } from './huffman.ts';
import { staticCount, staticNames, staticValues } from './static-table.ts';

/** SETTINGS_HEADER_TABLE_SIZE: we leave the default, so a peer may use that much and no more. */
const tableLimit = 4096;
/** RFC 7541, 4.1: an entry counts its name, its value and 32. */
const entryOverhead = 32;
const mostEntries = tableLimit / entryOverhead;
/** Blocks remembered, and the longest one worth it: with a table that has settled, answers take a few bytes. */
const memoSize = 16;
const memoBytes = 128;

interface Memo {
  readonly bytes: Uint8Array;
  readonly block: HeaderBlock;
}

/**
 * HPACK decoder of one connection. A block that leaves the table as it is decodes to the same fields until the table
 * changes, so its result is kept by its bytes; any change of the table forgets them all.
 */
export class HpackDecoder {
  /** Header list size we accept, counted as SETTINGS_MAX_HEADER_LIST_SIZE counts. */
  private readonly maxListBytes: number;
  private readonly names: string[] = new Array(mostEntries).fill('');
  private readonly values: string[] = new Array(mostEntries).fill('');
  /** Place of the newest entry. */
  private head = 0;
  private count = 0;
  private size = 0;
  private maxSize = tableLimit;
  private memos: Memo[] = [];
  private nextMemo = 0;
  private changes = 0;

  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private end = 0;
  private listBytes = 0;

  constructor(maxListBytes: number) {
    this.maxListBytes = maxListBytes;
  }

  get tableSize(): number {
    return this.size;
  }

  /** Undefined: the block is broken, and with it the connection (COMPRESSION_ERROR). */
  decode(bytes: Uint8Array, start: number, end: number): HeaderBlock | undefined {
    const length = end - start;
    if (length <= memoBytes) {
      const known = this.remembered(bytes, start, length);
      if (known !== undefined) return known;
    }
    const before = this.changes;
    const block = this.read(bytes, start, end);
    if (block !== undefined && before === this.changes && length <= memoBytes) {
      // Not slice(): of a Buffer that is a view, and the memory is the next read's.
      const memo = { bytes: new Uint8Array(bytes.subarray(start, end)), block };
      if (this.memos.length < memoSize) this.memos.push(memo);
      else this.memos[this.nextMemo++ % memoSize] = memo;
    }
    return block;
  }

  private remembered(bytes: Uint8Array, start: number, length: number): HeaderBlock | undefined {
    for (const memo of this.memos) {
      if (memo.bytes.length !== length) continue;
      let same = 0;
      while (same < length && memo.bytes[same] === bytes[start + same]) same++;
      if (same === length) return memo.block;
    }
    return undefined;
  }

  private read(bytes: Uint8Array, start: number, end: number): HeaderBlock | undefined {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.listBytes = 0;
    const fields = new Map<string, string>();
    let fault: string | undefined;
    let regular = false;
    let first = true;
    while (this.at < end) {
      const byte = bytes[this.at] as number;
      let name: string | undefined;
      let value: string | undefined;
      if (byte & 0x80) {
        const index = this.integer(7);
        if (index <= 0) return undefined;
        name = this.nameAt(index);
        value = this.valueAt(index);
      } else if ((byte & 0xe0) === 0x20) {
        // Only before the first field (RFC 7541, 4.2).
        const size = this.integer(5);
        if (!first || size < 0 || size > tableLimit) return undefined;
        this.resize(size);
        continue;
      } else {
        const keep = (byte & 0x40) !== 0;
        const index = this.integer(keep ? 6 : 4);
        if (index < 0) return undefined;
        name = index === 0 ? this.text() : this.nameAt(index);
        if (name === undefined) return undefined;
        value = this.text();
        if (value === undefined) return undefined;
        if (keep) this.insert(name, value);
      }
      first = false;
      if (name === undefined || value === undefined) return undefined;
      // A list that is too long is read to its end, for the table's sake, and not kept.
      this.listBytes += name.length + value.length + entryOverhead;
      if (this.listBytes > this.maxListBytes) {
        fault ??= `the header list is longer than ${this.maxListBytes} bytes`;
        continue;
      }
      const pseudo = name.charCodeAt(0) === 0x3a;
      fault ??= faultOf(name, value, pseudo, regular, fields);
      regular ||= !pseudo;
      const before = fields.get(name);
      fields.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    return new HeaderBlock(fields, fault);
  }

  /** RFC 7541, 5.1; -1 where it is cut off or larger than anything we could mean by it. */
  private integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = (this.bytes[this.at++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.at >= this.end) return -1;
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    return -1;
  }

  private text(): string | undefined {
    if (this.at >= this.end) return undefined;
    const huffman = ((this.bytes[this.at] as number) & 0x80) !== 0;
    const length = this.integer(7);
    const start = this.at;
    if (length < 0 || start + length > this.end) return undefined;
    this.at += length;
    return huffman ? decodeHuffman(this.bytes, start, this.at) : latin1(this.bytes, start, this.at);
  }

  private nameAt(index: number): string | undefined {
    return index <= staticCount ? staticNames[index] : this.names[this.placeOf(index - staticCount - 1)];
  }

  private valueAt(index: number): string | undefined {
    return index <= staticCount ? staticValues[index] : this.values[this.placeOf(index - staticCount - 1)];
  }

  /** -1, where an array holds nothing, beyond the end of the table. */
  private placeOf(age: number): number {
    return age < this.count ? (this.head - age + mostEntries) % mostEntries : -1;
  }

  private insert(name: string, value: string): void {
    this.changed();
    const size = name.length + value.length + entryOverhead;
    this.evictTo(this.maxSize - size);
    // Larger than the table: that empties it, and is no error (RFC 7541, 4.4).
    if (size > this.maxSize) return;
    this.head = (this.head + 1) % mostEntries;
    this.names[this.head] = name;
    this.values[this.head] = value;
    this.count++;
    this.size += size;
  }

  private resize(size: number): void {
    this.changed();
    this.maxSize = size;
    this.evictTo(size);
  }

  private evictTo(size: number): void {
    while (this.count > 0 && this.size > size) {
      const oldest = this.placeOf(this.count - 1);
      this.size -= (this.names[oldest] as string).length + (this.values[oldest] as string).length + entryOverhead;
      this.names[oldest] = '';
      this.values[oldest] = '';
      this.count--;
    }
  }

  private changed(): void {
    this.changes++;
    if (this.memos.length === 0) return;
    this.memos = [];
    this.nextMemo = 0;
  }
}

/** RFC 9113, 8.2.1 and 8.3: what makes an answer malformed. */
function faultOf(
  name: string,
  value: string,
  pseudo: boolean,
  regular: boolean,
  fields: ReadonlyMap<string, string>,
): string | undefined {
  if (pseudo) {
    if (name !== ':status') return 'a pseudo-header that an answer must not have';
    if (regular) return 'a pseudo-header after other headers';
    if (fields.has(name)) return ':status twice';
  } else if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) {
    return 'a header name with characters that are not allowed';
  }
  for (let at = 0; at < value.length; at++) {
    const char = value.charCodeAt(at);
    if (char === 0 || char === 10 || char === 13) return 'a header value with characters that are not allowed';
  }
  return undefined;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
