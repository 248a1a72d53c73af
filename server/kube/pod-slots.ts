import type { Clock } from '../events/port.ts';

export interface PodSlot {
  /** 1 to 8; 0: all were taken. */
  readonly slot: number;
  readonly handle: string;
}

const slotCount = 8;
/** A colour is not given to another pod while the last minute of the old one is still on screen. */
const keepMs = 60_000;
const minHandle = 5;

/** Gives each pod one of eight colours, lowest free first, and a short name. Late viewers get the same ones. */
export class PodSlots {
  readonly #clock: Clock;
  readonly #pods = new Map<string, { name: string; given: PodSlot; goneAt: number | undefined }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same answer for the same pod as long as it is known. */
  take(uid: string, name: string): PodSlot {
    const known = this.#pods.get(uid);
    if (known !== undefined) {
      known.goneAt = undefined;
      return known.given;
    }
    this.#forget();
    const taken = new Set<number>();
    for (const pod of this.#pods.values()) taken.add(pod.given.slot);
    let slot = 0;
    for (let n = slotCount; n >= 1; n--) if (!taken.has(n)) slot = n;
    const given = { slot, handle: this.#handle(name) };
    this.#pods.set(uid, { name, given, goneAt: undefined });
    return given;
  }

  /** The pod is gone; its slot is free a minute from now. */
  release(uid: string): void {
    const pod = this.#pods.get(uid);
    if (pod !== undefined) pod.goneAt ??= this.#clock.now();
  }

  #forget(): void {
    const now = this.#clock.now();
    for (const [uid, pod] of this.#pods) {
      if (pod.goneAt !== undefined && now - pod.goneAt >= keepMs) this.#pods.delete(uid);
    }
  }

  /** The last segment of the name, or the last five characters if that is shorter; longer while another ends so too. */
  #handle(name: string): string {
    const last = name.length - (name.lastIndexOf('-') + 1);
    let length = Math.max(minHandle, last);
    const isTaken = (text: string) => [...this.#pods.values()].some((pod) => pod.given.handle === text);
    while (length < name.length && isTaken(name.slice(-length))) length += 1;
    return name.slice(-length).replace(/^-+/, '');
  }
}
