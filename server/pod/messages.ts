/**
 * The few messages of proto/ that a pod reads and writes, coded by hand on the wire reader and writer of
 * @bufbuild/protobuf: a pod must start in a tenth of a second and answer in microseconds, and a lab runs a hundred of them.
 * messages.test.ts compares each with the generated code.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface Identity {
  readonly uid: string;
  readonly name: string;
  readonly ip: string;
  readonly node: string;
  readonly version: string;
  readonly incarnation: number;
  readonly startedAtMs: number;
}

/** lbscope.greeter.v1.PodIdentity */
export function encodeIdentity(identity: Identity): Uint8Array {
  const writer = new BinaryWriter();
  const text = (field: number, value: string) => {
    if (value !== '') writer.tag(field, WireType.LengthDelimited).string(value);
  };
  text(1, identity.uid);
  text(2, identity.name);
  text(3, identity.ip);
  text(4, identity.node);
  text(5, identity.version);
  if (identity.incarnation !== 0) writer.tag(6, WireType.Varint).uint32(identity.incarnation);
  const seconds = Math.floor(identity.startedAtMs / 1000);
  const nanos = Math.round((identity.startedAtMs - seconds * 1000) * 1e6);
  writer.tag(7, WireType.LengthDelimited).fork();
  if (seconds !== 0) writer.tag(1, WireType.Varint).int64(seconds);
  if (nanos !== 0) writer.tag(2, WireType.Varint).int32(nanos);
  writer.join();
  return writer.finish();
}

/** All four answers begin alike: pod = 1, sequence = 2. Their tail is text in field 3, or count in 3 and text in 4. */
export class AnswerEncoder {
  readonly #head: Buffer;

  constructor(identity: Identity) {
    const pod = encodeIdentity(identity);
    const writer = new BinaryWriter();
    writer.tag(1, WireType.LengthDelimited).bytes(pod);
    writer.tag(2, WireType.Bit64);
    this.#head = Buffer.from(writer.finish());
  }

  /** SayHelloResponse, StreamHellosResponse, ChatHellosResponse. */
  hello(sequence: number, message: string): Uint8Array {
    return this.#join(sequence, 3, message, undefined);
  }

  /** CollectHellosResponse. */
  collected(sequence: number, count: number, message: string): Uint8Array {
    const writer = new BinaryWriter();
    if (count !== 0) writer.tag(3, WireType.Varint).uint32(count);
    return this.#join(sequence, 4, message, writer.finish());
  }

  #join(sequence: number, field: number, message: string, middle: Uint8Array | undefined): Uint8Array {
    const head = this.#head;
    const textBytes = Buffer.byteLength(message);
    const middleBytes = middle?.length ?? 0;
    const answer = Buffer.allocUnsafe(head.length + 8 + middleBytes + (textBytes === 0 ? 0 : 6 + textBytes));
    answer.set(head, 0);
    let at = answer.writeDoubleLE(sequence, head.length);
    if (middle !== undefined) {
      answer.set(middle, at);
      at += middleBytes;
    }
    if (textBytes > 0) {
      answer[at++] = (field << 3) | WireType.LengthDelimited;
      let length = textBytes;
      while (length > 0x7f) {
        answer[at++] = (length & 0x7f) | 0x80;
        length >>>= 7;
      }
      answer[at++] = length;
      at += answer.write(message, at);
    }
    return answer.subarray(0, at);
  }
}

/** Reads known fields of their declared type; others are skipped, as protobuf asks. Throws on malformed bytes. */
function read(message: Uint8Array, known: (field: number, type: WireType, reader: BinaryReader) => boolean): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (!known(field, type, reader)) reader.skip(type, field);
  }
}

/** `name` of any greeter request; the payload is ballast. */
export function decodeName(message: Uint8Array): string {
  let name = '';
  read(message, (field, type, reader) => {
    if (field !== 1 || type !== WireType.LengthDelimited) return false;
    name = reader.string();
    return true;
  });
  return name;
}

/** SayHelloResponse without its pod. */
export function decodeHello(message: Uint8Array): { sequence: number; text: string } {
  const hello = { sequence: 0, text: '' };
  read(message, (field, type, reader) => {
    if (field === 2 && type === WireType.Bit64) hello.sequence = reader.double();
    else if (field === 3 && type === WireType.LengthDelimited) hello.text = reader.string();
    else return false;
    return true;
  });
  return hello;
}

/** grpc.health.v1.HealthCheckResponse */
export function decodeHealthStatus(message: Uint8Array): number {
  let status = 0;
  read(message, (field, type, reader) => {
    if (field !== 1 || type !== WireType.Varint) return false;
    status = reader.int32();
    return true;
  });
  return status;
}

/** StreamHellosRequest */
export function decodeStreamRequest(message: Uint8Array): { name: string; count: number; intervalMs: number } {
  const request = { name: '', count: 0, intervalMs: 0 };
  read(message, (field, type, reader) => {
    if (field === 1 && type === WireType.LengthDelimited) request.name = reader.string();
    else if (field === 3 && type === WireType.Varint) request.count = reader.uint32();
    else if (field === 4 && type === WireType.Varint) request.intervalMs = reader.uint32();
    else return false;
    return true;
  });
  return request;
}

/** grpc.health.v1.HealthCheckResponse */
export function encodeHealth(status: number): Uint8Array {
  return status === 0 ? new Uint8Array(0) : new BinaryWriter().tag(1, WireType.Varint).int32(status).finish();
}

export interface BehaviorChange {
  ready?: boolean;
  delayMs?: number;
  errorRate?: number;
  maxConnectionAgeMs?: number;
  maxConnectionAgeGraceMs?: number;
}

/** lbscope.pod.v1.SetBehaviorRequest */
export function decodeBehaviorChange(message: Uint8Array): BehaviorChange {
  const change: BehaviorChange = {};
  read(message, (field, type, reader) => {
    if (field === 1 && type === WireType.Varint) change.ready = reader.bool();
    else if (field === 2 && type === WireType.Bit64) change.delayMs = reader.double();
    else if (field === 3 && type === WireType.Bit64) change.errorRate = reader.double();
    else if (field === 4 && type === WireType.Bit64) change.maxConnectionAgeMs = reader.double();
    else if (field === 5 && type === WireType.Bit64) change.maxConnectionAgeGraceMs = reader.double();
    else return false;
    return true;
  });
  return change;
}

/** GetBehaviorResponse and SetBehaviorResponse */
export function encodeBehavior(behavior: Required<BehaviorChange>): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).fork();
  if (behavior.ready) writer.tag(1, WireType.Varint).bool(true);
  if (behavior.delayMs !== 0) writer.tag(2, WireType.Bit64).double(behavior.delayMs);
  if (behavior.errorRate !== 0) writer.tag(3, WireType.Bit64).double(behavior.errorRate);
  const { maxConnectionAgeMs: age, maxConnectionAgeGraceMs: grace } = behavior;
  if (age !== 0) writer.tag(4, WireType.Bit64).double(age);
  if (grace !== 0) writer.tag(5, WireType.Bit64).double(grace);
  return writer.join().finish();
}
