import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { CallResult } from '../balancing/channel-port.ts';
import type { Identity } from './identity.ts';
import type { AnsweredBy } from './method-call.ts';
import type { Attribution } from './ports.ts';

/** Names that are no pod's of this run get a row each; from here on they are nobody's: it may be the id of a request. */
const mostStrangers = 200;
/** Names of pods are at most that long. */
const longestName = 253;

/**
 * Who answered a call of somebody's own Service, where the lane says that the answer tells. A pod is known by UID, name, IP or
 * "ip:port"; whatever else is said is a row of its own. Nothing said: nobody, never a guess.
 */
export class Responder {
  readonly #by: AnsweredBy;
  readonly #attribution: Attribution;
  readonly #strangers = new Set<string>();

  constructor(by: AnsweredBy, attribution: Attribution) {
    this.#by = by;
    this.#attribution = attribution;
  }

  /** `now`: milliseconds of the agent's clock. */
  who(result: Extract<CallResult, { ok: true }>, now: number): Identity | undefined {
    const said = this.#said(result);
    if (said === undefined || said === '' || said.length > longestName) return undefined;
    const pod = this.#attribution.podNamed(said);
    if (pod !== undefined) return { uid: pod.uid, name: said, ip: '', incarnation: pod.incarnation };
    const at = result.route.sentAt ?? now;
    const uid = this.#attribution.podAt(/:\d+$/.test(said) ? said : `${said}:0`, at);
    if (uid !== undefined) {
      const incarnation = this.#attribution.podNamed(uid)?.incarnation ?? 0;
      return { uid, name: said, ip: '', incarnation };
    }
    if (!this.#strangers.has(said)) {
      if (this.#strangers.size >= mostStrangers) return undefined;
      this.#strangers.add(said);
    }
    return { uid: said, name: said, ip: '', incarnation: 0 };
  }

  #said({ message, headers, route }: Extract<CallResult, { ok: true }>): string | undefined {
    switch (this.#by.t) {
      case 'none':
        return undefined;
      case 'address':
        return route.address;
      case 'header':
        return headers?.get(this.#by.name);
      case 'field':
        return message === undefined ? undefined : textAt(message, this.#by.numbers);
    }
  }
}

/** The string at a path of field numbers; the last one counts, as in every protobuf parser. Undefined if there is none. */
function textAt(bytes: Uint8Array, [number, ...rest]: readonly number[]): string | undefined {
  let found: string | undefined;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field !== number || wire !== WireType.LengthDelimited) reader.skip(wire, field);
      else if (rest.length === 0) found = reader.string();
      else found = textAt(reader.bytes(), rest) ?? found;
    }
  } catch {
    // Not protobuf after all.
    return undefined;
  }
  return found;
}
