import { decode, type OptAnswer } from 'dns-packet';

/** What the server needs of a query. The question's bytes are kept as they came: case (0x20) and all. */
export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** Lower case, without the dot at the end. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** The question section: name, type, class. */
  readonly question: Buffer;
  readonly edns: { readonly udpSize: number; readonly version: number; readonly dnssecOk: boolean } | undefined;
}

export type Decoded =
  | { readonly kind: 'query'; readonly query: Query }
  /** To be answered with this code and without a question. */
  | { readonly kind: 'fault'; readonly id: number; readonly opcode: number; readonly rcode: number }
  /** Not a query at all: answering could loop. */
  | { readonly kind: 'drop' };

export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, SRV: 33, OPT: 41 } as const;
export const classIN = 1;

export function typeName(type: number): string {
  return Object.entries(types).find(([, code]) => code === type)?.[0] ?? `TYPE${type}`;
}

export function decodeQuery(packet: Buffer): Decoded {
  if (packet.length < 12) return { kind: 'drop' };
  const id = packet.readUInt16BE(0);
  const flags = packet.readUInt16BE(2);
  if (flags & 0x8000) return { kind: 'drop' };
  const opcode = (flags >> 11) & 0xf;
  if (opcode !== 0) return { kind: 'fault', id, opcode, rcode: rcodes.NOTIMP };
  const formErr: Decoded = { kind: 'fault', id, opcode, rcode: rcodes.FORMERR };
  if (packet.readUInt16BE(4) !== 1 || packet.readUInt16BE(6) !== 0) return formErr;
  const end = nameEnd(packet, 12);
  if (end === undefined || end + 4 > packet.length) return formErr;
  let edns: Query['edns'];
  let name: string;
  try {
    const message = decode(packet);
    name = message.questions?.[0]?.name ?? '.';
    const options = (message.additionals ?? []).filter((record): record is OptAnswer => record.type === 'OPT');
    // RFC 6891: more than one OPT is a format error.
    if (options.length > 1) return formErr;
    const [option] = options;
    if (option) {
      edns = {
        udpSize: Math.max(512, option.udpPayloadSize),
        version: option.ednsVersion,
        dnssecOk: (option.flags & 0x8000) !== 0,
      };
    }
  } catch {
    return formErr;
  }
  return {
    kind: 'query',
    query: {
      id,
      opcode,
      recursionDesired: (flags & 0x0100) !== 0,
      name: name === '.' ? '' : name.toLowerCase(),
      type: packet.readUInt16BE(end),
      class: packet.readUInt16BE(end + 2),
      question: Buffer.from(packet.subarray(12, end + 4)),
      edns,
    },
  };
}

/** Offset after a name without compression; undefined when it is cut off, compressed or too long (RFC 1035, 255 bytes). */
function nameEnd(packet: Buffer, start: number): number | undefined {
  let offset = start;
  while (offset < packet.length && offset - start <= 254) {
    const length = packet[offset]!;
    if (length === 0) return offset + 1;
    if (length > 63) return undefined;
    offset += length + 1;
  }
  return undefined;
}

export type ResourceRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'CNAME' | 'NS'; readonly target: string }
  | { readonly type: 'TXT'; readonly text: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | {
      readonly type: 'SOA';
      readonly mname: string;
      readonly rname: string;
      readonly serial: number;
      readonly minimum: number;
    }
);

export interface Answer {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

/**
 * Encodes an answer with compressed names: dns-packet writes each name in full, so 10 pods would not fit in 512 bytes,
 * where 28 do. Records that do not fit in `limit` bytes are left out and TC is set: the client asks again over TCP.
 */
export function encodeAnswer(query: Query, answer: Answer, limit: number): Buffer {
  const writer = new Writer(query);
  const opt = query.edns === undefined ? undefined : optRecord(query, answer.rcode);
  const room = limit - (opt?.length ?? 0);
  let truncated = false;
  const write = (records: readonly ResourceRecord[]): number => {
    let count = 0;
    for (const record of records) {
      if (truncated || !writer.record(record, room)) {
        truncated = true;
        break;
      }
      count += 1;
    }
    return count;
  };
  const answers = write(answer.answers);
  const authorities = write(answer.authorities);
  // Additional records are a courtesy: leaving them out is no truncation (RFC 2181, section 9).
  const before = truncated;
  let additionals = truncated ? 0 : write(answer.additionals);
  truncated = before;
  if (opt) {
    writer.raw(opt);
    additionals += 1;
  }
  const flags =
    0x8000 |
    (query.opcode << 11) |
    (answer.authoritative ? 0x0400 : 0) |
    (truncated ? 0x0200 : 0) |
    (query.recursionDesired ? 0x0100 : 0) |
    (answer.rcode & 0xf);
  return writer.finish(query.id, flags, answers, authorities, additionals);
}

/** Answer to what could not be read as a query: a header alone. */
export function encodeFault(fault: { id: number; opcode: number; rcode: number }): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(fault.id, 0);
  header.writeUInt16BE(0x8000 | (fault.opcode << 11) | fault.rcode, 2);
  return header;
}

/** RFC 6891: our own size, the upper bits of the code, and the client's DO bit. */
function optRecord(query: Query, rcode: number): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(types.OPT, 1);
  record.writeUInt16BE(largestUdp, 3);
  record[5] = rcode >> 4;
  if (query.edns?.dnssecOk) record[7] = 0x80;
  return record;
}

/** Largest answer over UDP, whatever the client offers. */
export const largestUdp = 4_096;

class Writer {
  private buffer = Buffer.allocUnsafe(1_024);
  private offset = 12;
  /** Offsets of names and their ends already written, by lower-case text: the question's own spelling is reused. */
  private readonly names = new Map<string, number>();

  constructor(query: Query) {
    for (let at = 0; query.question[at] !== 0; at += query.question[at]! + 1) {
      const rest = labelsFrom(query.question, at).join('.');
      this.names.set(rest, 12 + at);
    }
    this.raw(query.question);
  }

  raw(bytes: Buffer): void {
    this.reserve(bytes.length);
    bytes.copy(this.buffer, this.offset);
    this.offset += bytes.length;
  }

  /** False, and nothing written, when the record would end beyond `limit`. */
  record(record: ResourceRecord, limit: number): boolean {
    const start = this.offset;
    this.reserve(1_024);
    this.name(record.name);
    this.u16(types[record.type]);
    this.u16(classIN);
    this.u32(record.ttl);
    const length = this.offset;
    this.u16(0);
    this.data(record);
    this.buffer.writeUInt16BE(this.offset - length - 2, length);
    if (this.offset <= limit) return true;
    this.offset = start;
    for (const [name, at] of this.names) if (at >= start) this.names.delete(name);
    return false;
  }

  private data(record: ResourceRecord): void {
    switch (record.type) {
      case 'A':
        for (const part of record.address.split('.')) this.buffer[this.offset++] = Number(part);
        return;
      case 'CNAME':
      case 'NS':
        this.name(record.target);
        return;
      case 'TXT': {
        const text = Buffer.from(record.text).subarray(0, 255);
        this.buffer[this.offset++] = text.length;
        this.raw(text);
        return;
      }
      case 'SRV':
        this.u16(record.priority);
        this.u16(record.weight);
        this.u16(record.port);
        // RFC 2782: the target's name is never compressed.
        this.name(record.target, false);
        return;
      case 'SOA':
        this.name(record.mname);
        this.name(record.rname);
        this.u32(record.serial);
        // Refresh, retry, expire: CoreDNS's own.
        this.u32(7_200);
        this.u32(1_800);
        this.u32(86_400);
        this.u32(record.minimum);
    }
  }

  private name(name: string, compress = true): void {
    const labels = name === '' ? [] : name.split('.');
    for (const [index, label] of labels.entries()) {
      const rest = labels.slice(index).join('.').toLowerCase();
      const known = this.names.get(rest);
      if (compress && known !== undefined) {
        this.u16(0xc000 | known);
        return;
      }
      if (known === undefined && this.offset < 0x3fff) this.names.set(rest, this.offset);
      const length = this.buffer.write(label, this.offset + 1, 63, 'latin1');
      this.buffer[this.offset] = length;
      this.offset += length + 1;
    }
    this.buffer[this.offset++] = 0;
  }

  private u16(value: number): void {
    this.buffer.writeUInt16BE(value, this.offset);
    this.offset += 2;
  }

  private u32(value: number): void {
    this.buffer.writeUInt32BE(value, this.offset);
    this.offset += 4;
  }

  private reserve(bytes: number): void {
    if (this.offset + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.offset + bytes));
    this.buffer.copy(larger, 0, 0, this.offset);
    this.buffer = larger;
  }

  finish(id: number, flags: number, answers: number, authorities: number, additionals: number): Buffer {
    const { buffer } = this;
    buffer.writeUInt16BE(id, 0);
    buffer.writeUInt16BE(flags, 2);
    buffer.writeUInt16BE(1, 4);
    buffer.writeUInt16BE(answers, 6);
    buffer.writeUInt16BE(authorities, 8);
    buffer.writeUInt16BE(additionals, 10);
    return buffer.subarray(0, this.offset);
  }
}

function labelsFrom(question: Buffer, start: number): string[] {
  const labels: string[] = [];
  for (let at = start; question[at] !== 0; at += question[at]! + 1) {
    labels.push(question.toString('latin1', at + 1, at + 1 + question[at]!).toLowerCase());
  }
  return labels;
}
