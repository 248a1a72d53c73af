import { fromBinary } from '@bufbuild/protobuf';
import { PodIdentitySchema } from '../../gen/lbscope/greeter/v1/greeter_pb.js';

/** Who answered. */
export interface Identity {
  readonly uid: string;
  readonly name: string;
  readonly ip: string;
  readonly incarnation: number;
}

/** Far more than the pods of any run; a peer that invents identities must not fill the memory. */
const mostIdentities = 65_536;

/**
 * Reads the pod from an answer. Every response type of the Greeter has its PodIdentity as field 1, and a pod sends the
 * same bytes each time; so those bytes are decoded once, and afterwards only hashed and compared.
 * Nobody for anything that does not begin like such an answer.
 */
export class IdentityReader {
  /** By hash of their bytes. */
  readonly #known = new Map<number, number[]>();
  readonly #bytes: Uint8Array[] = [];
  readonly #identities: Identity[] = [];

  read(message: Uint8Array): Identity | undefined {
    return this.at(this.indexOf(message, 0, message.length));
  }

  /** Undefined for -1. */
  at(index: number): Identity | undefined {
    return this.#identities[index];
  }

  /**
   * A small integer for who answered, the same for as long as this reader lives; -1 for nobody. The message lies in
   * bytes[start] to bytes[end - 1], and nothing of it is kept. `likely` is compared first: the answer before on the same
   * connection mostly came from the same pod.
   */
  indexOf(bytes: Uint8Array, start: number, end: number, likely = -1): number {
    // Field 1, length-delimited (protobuf wire type 2).
    if (start >= end || bytes[start] !== 0x0a) return -1;
    let at = start + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= end || shift > 28) return -1;
      const byte = bytes[at++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (length < 0 || at + length > end) return -1;
    const guess = this.#bytes[likely];
    if (guess !== undefined && same(guess, bytes, at, length)) return likely;
    // FNV-1a over the first bytes: the uid stands there, and uids differ early.
    let hash = 0x811c9dc5;
    for (let i = at, stop = Math.min(at + length, at + 40); i < stop; i += 1) {
      hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    }
    const candidates = this.#known.get(hash);
    if (candidates !== undefined) {
      for (const index of candidates) if (same(this.#bytes[index] as Uint8Array, bytes, at, length)) return index;
    }
    // Not slice(): of a Buffer that is a view, and the memory is the next read's.
    return this.#learn(hash, new Uint8Array(bytes.subarray(at, at + length)));
  }

  #learn(hash: number, bytes: Uint8Array): number {
    const index = this.#identities.length;
    if (index >= mostIdentities) return -1;
    try {
      const { uid, name, ip, incarnation } = fromBinary(PodIdentitySchema, bytes);
      if (uid === '') return -1;
      this.#identities.push({ uid, name, ip, incarnation });
    } catch {
      return -1;
    }
    this.#bytes.push(bytes);
    const candidates = this.#known.get(hash);
    if (candidates === undefined) this.#known.set(hash, [index]);
    else candidates.push(index);
    return index;
  }
}

function same(known: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i += 1) if (known[i] !== bytes[at + i]) return false;
  return true;
}
