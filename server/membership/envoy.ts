import { fromMs } from '../../model/time.ts';
import type { Clock, EventSink, TimerHandle, Timers } from '../events/port.ts';
import type { EnvoyStatus, Lookups } from './envoy-status.ts';

/** contract.md: each 100 ms while something changes, else each second. */
const calmMs = 1_000;
const busyMs = 100;
/** STRICT_DNS's dns_refresh_rate, counted from the end of the last lookup. */
const refreshMs = 5_000;
/** Begins to look closely this long before a lookup is due, and stops this long after. */
const closeMs = 150;
const overdueMs = 2_000;

export interface EnvoyMembershipOptions {
  readonly laneId: string;
  readonly status: EnvoyStatus;
  /** The address of the status listener now; undefined while its name cannot be resolved. */
  readonly address: () => Promise<{ readonly host: string; readonly port: number } | undefined>;
  readonly events: EventSink;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onState: (state: 'ok' | 'unreachable', reason: string) => void;
}

/** Follows what an Envoy believes in, and tells it as resolutions of its lane. */
export class EnvoyMembership {
  readonly #options: EnvoyMembershipOptions;
  #timer: TimerHandle | undefined;
  #stopped = false;
  #reading = false;
  #hosts: readonly string[] | undefined;
  #lookups: Lookups | undefined;
  #lookupAt: number | undefined;
  #hurryUntil = 0;
  #count = 0;

  constructor(options: EnvoyMembershipOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#options.status.close();
  }

  hurry(ms: number): void {
    this.#hurryUntil = Math.max(this.#hurryUntil, this.#options.clock.now() + ms);
    if (!this.#reading && !this.#stopped) this.#arm();
  }

  async #look(): Promise<void> {
    if (this.#stopped || this.#reading) return;
    this.#reading = true;
    const { status, address, onState } = this.#options;
    const where = await address();
    const reading =
      where === undefined
        ? { kind: 'unreachable' as const, reason: 'its name cannot be resolved' }
        : await status.read(where.host, where.port);
    this.#reading = false;
    if (this.#stopped) return;
    if (reading.kind === 'unreachable') {
      // A restarted Envoy counts anew.
      this.#lookups = undefined;
      this.#lookupAt = undefined;
      onState('unreachable', reading.reason);
    } else {
      onState('ok', '');
      this.#tell(reading.hosts, reading.lookups, reading.by);
    }
    this.#arm();
  }

  #tell(hosts: readonly string[], lookups: Lookups | undefined, by: 'dns' | 'push'): void {
    const { clock, events, laneId } = this.#options;
    const now = clock.now();
    const before = this.#lookups;
    const restarted = before !== undefined && lookups !== undefined && lookups.attempt < before.attempt;
    const since = restarted ? undefined : before;
    const succeeded = lookups !== undefined && since !== undefined && lookups.success > since.success;
    const failed = lookups !== undefined && since !== undefined && lookups.failure > since.failure;
    const changed = this.#hosts === undefined || hosts.join() !== this.#hosts.join();
    if (lookups !== undefined) this.#lookups = lookups;
    if (failed) {
      events.emit({
        at: now,
        laneId,
        kind: {
          case: 'resolutionFailed',
          value: {
            source: 'envoy',
            trigger: by === 'dns' ? 'timer' : 'watch',
            code: 'SERVFAIL',
            message: by === 'dns' ? "Envoy's own lookup failed" : 'Envoy refused what its ADS server pushed',
            effect: hosts.length > 0 ? 'kept' : 'dropped',
          },
        },
      });
    }
    if (succeeded || failed) this.#lookupAt = now;
    if (succeeded || changed) {
      this.#hosts = hosts;
      this.#count += 1;
      events.emit({
        at: now,
        laneId,
        resolutionId: `${laneId}.envoy:${this.#count}`,
        kind: {
          case: 'resolved',
          value: {
            addresses: [...hosts],
            source: 'envoy',
            trigger: since === undefined ? 'first use' : by === 'dns' ? 'timer' : 'watch',
            changed,
          },
        },
      });
    }
    if (!succeeded && !failed && since !== undefined) return;
    if (by === 'push') {
      this.#lookupAt = undefined;
      const reason = 'its ADS server pushes the next change';
      events.emit({ at: now, laneId, kind: { case: 'nextTrigger', value: { kind: 'push', reason } } });
      return;
    }
    const at = this.#lookupAt === undefined ? undefined : this.#lookupAt + refreshMs;
    events.emit({
      at: now,
      laneId,
      kind: {
        case: 'nextTrigger',
        value: {
          kind: 'timer',
          ...(at === undefined ? {} : { at: fromMs(at) }),
          reason: 'Envoy asks DNS 5 s after its last lookup (computed)',
        },
      },
    });
  }

  #arm(): void {
    const { clock, timers } = this.#options;
    const now = clock.now();
    let wait = calmMs;
    if (now < this.#hurryUntil) wait = busyMs;
    else if (this.#lookupAt !== undefined) {
      const due = this.#lookupAt + refreshMs;
      if (now >= due - closeMs && now < due + overdueMs) wait = busyMs;
      else if (now < due - closeMs) wait = Math.min(calmMs, due - closeMs - now);
    }
    this.#timer?.cancel();
    this.#timer = timers.setTimeout(() => void this.#look(), wait);
  }
}
