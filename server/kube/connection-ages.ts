import type { EventSink, TimerHandle, Timers } from '../events/port.ts';
import type { Outcome } from './actions.ts';
import type { BehaviorChange } from './pod-control.ts';

/** -1: none. */
export interface AgeSetting {
  readonly ageMs: number;
  readonly graceMs: number;
}

interface KnownPod {
  readonly uid: string;
  readonly name: string;
  readonly ip: string;
  readonly incarnation: number;
}

export interface ConnectionAgesOptions {
  readonly pods: () => readonly KnownPod[];
  readonly control: (ip: string, change: BehaviorChange) => Promise<Outcome>;
  /** Shown with the pod. */
  readonly told: (uid: string, change: BehaviorChange) => void;
  readonly events: EventSink;
  readonly timers: Timers;
  /** What a restarted agent goes on with; undefined: pods keep what they were started with. */
  readonly initial: AgeSetting | undefined;
  readonly save: (setting: AgeSetting) => void;
}

/** A pod that could not be told is asked again after this long, for as long as it exists. */
const againAfterMs = 1_000;

/**
 * MaxConnectionAge (gRFC A9) of every pod: told to those there are, and to each that becomes Ready later. A restarted
 * container has forgotten it and is told again; a setting of one pod alone (SetPodBehavior) stays until then.
 */
export class ConnectionAges {
  readonly #options: ConnectionAgesOptions;
  #setting: AgeSetting | undefined;
  /** Rises with each setting. */
  #version = 0;
  /** By UID: which setting which incarnation was told. */
  readonly #told = new Map<string, string>();
  #retry: TimerHandle | undefined;
  #stopped = false;

  constructor(options: ConnectionAgesOptions) {
    this.#options = options;
    this.#setting = options.initial;
  }

  /** Says what holds. Pods are told as they become Ready. */
  start(): void {
    if (this.#setting !== undefined) this.#say(this.#setting);
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }

  async set(setting: AgeSetting): Promise<{ ok: true; pods: number; missed: string[] }> {
    this.#setting = setting;
    this.#version++;
    this.#say(setting);
    this.#options.save(setting);
    return { ok: true, ...(await this.#tellAll()) };
  }

  /** A pod turned Ready. */
  onReady(): void {
    if (this.#setting !== undefined && !this.#stopped) void this.#tellAll();
  }

  #say({ ageMs, graceMs }: AgeSetting): void {
    this.#options.events.emit({ kind: { case: 'maxConnectionAgeAsked', value: { ageMs, graceMs } } });
  }

  async #tellAll(): Promise<{ pods: number; missed: string[] }> {
    const pods = this.#options.pods();
    const existing = new Set(pods.map(({ uid }) => uid));
    for (const uid of this.#told.keys()) if (!existing.has(uid)) this.#told.delete(uid);
    const results = await Promise.all(pods.map((pod) => this.#tell(pod)));
    const missed = pods.filter((_, index) => results[index] === false).map(({ name }) => name);
    if (missed.length > 0 && !this.#stopped) {
      this.#retry?.cancel();
      this.#retry = this.#options.timers.setTimeout(() => void this.#tellAll(), againAfterMs);
    }
    return { pods: results.filter((told) => told === true).length, missed };
  }

  /** Undefined: it is not yet one that could be told; it will be when it is Ready. */
  async #tell(pod: KnownPod): Promise<boolean | undefined> {
    const setting = this.#setting;
    if (setting === undefined || pod.ip === '') return undefined;
    const what = `${pod.incarnation} ${this.#version}`;
    if (this.#told.get(pod.uid) === what) return true;
    const change = { maxConnectionAgeMs: setting.ageMs, maxConnectionAgeGraceMs: setting.graceMs };
    // Before the answer, so that two pods that turn Ready together do not tell each other's twice.
    this.#told.set(pod.uid, what);
    const outcome = await this.#options.control(pod.ip, change);
    if (outcome.kind === 'ok') {
      this.#options.told(pod.uid, change);
      return true;
    }
    if (this.#told.get(pod.uid) === what) this.#told.delete(pod.uid);
    return false;
  }
}
