import { fromBinary } from '@bufbuild/protobuf';
import { PodIdentitySchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';

/** Who answered. */
export interface Identity {
  readonly uid: string;
  readonly name: string;
  readonly ip: string;
  readonly incarnation: number;
}

/**
 * Reads the pod from an answer. Every response type of the Greeter has its PodIdentity as field 1, and a pod sends the
 * same bytes each time; so those bytes are decoded once, and afterwards only hashed and compared.
 * Undefined for anything that does not begin like such an answer.
 */
export class IdentityReader {
  readonly #known = new Map<number, { bytes: Uint8Array; identity: Identity }[]>();
  #count = 0;

  read(message: Uint8Array): Identity | undefined {
    // Field 1, length-delimited (protobuf wire type 2).
    if (message[0] !== 0x0a) return undefined;
    let at = 1;
    let length = 0;
    let shift = 0;
    for (; ; at += 1) {
      const byte = message[at];
      if (byte === undefined || shift > 28) return undefined;
      length |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) break;
    }
    at += 1;
    const end = at + length;
    if (length < 0 || end > message.length) return undefined;
    // FNV-1a over the first bytes: the uid stands there, and uids differ early.
    let hash = 0x811c9dc5;
    for (let i = at, stop = Math.min(end, at + 40); i < stop; i += 1) {
      hash = Math.imul(hash ^ (message[i] as number), 0x01000193);
    }
    const candidates = this.#known.get(hash);
    if (candidates !== undefined) {
      for (const { bytes, identity } of candidates) if (same(bytes, message, at, length)) return identity;
    }
    return this.#learn(hash, message.slice(at, end));
  }

  #learn(hash: number, bytes: Uint8Array): Identity | undefined {
    let identity: Identity;
    try {
      const { uid, name, ip, incarnation } = fromBinary(PodIdentitySchema, bytes);
      if (uid === '') return undefined;
      identity = { uid, name, ip, incarnation };
    } catch {
      return undefined;
    }
    // Pods come and go; a peer that invents identities must not fill the memory.
    if (this.#count >= 4_096) {
      this.#known.clear();
      this.#count = 0;
    }
    this.#count += 1;
    const candidates = this.#known.get(hash);
    if (candidates === undefined) this.#known.set(hash, [{ bytes, identity }]);
    else candidates.push({ bytes, identity });
    return identity;
  }
}

function same(known: Uint8Array, message: Uint8Array, at: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i += 1) if (known[i] !== message[at + i]) return false;
  return true;
}
