import type { FailureCode, Lookup, SliceWatch } from '../balancing/resolver/port.ts';
import type { Clock, TimerHandle, Timers } from '../events/port.ts';
import type { Address } from '../transport/port.ts';
import type { ClusterTarget } from './dialled.ts';
import type { Dial } from './port.ts';

/** Of many pods three say what the network is like. */
const mostAddresses = 3;
/** One failure may be a pod that just went: the second one in a row is told. */
const roundsToTell = 2;
const firstPauseMs = 2_000;
const longestPauseMs = 30_000;

export type ReachState =
  /** Not known yet: no call goes out. */
  | { readonly kind: 'asking'; readonly what: string }
  /** It was reached, or there is nothing ready to be reached: calls tell the rest. */
  | { readonly kind: 'open' }
  | { readonly kind: 'unreachable'; readonly reason: string; readonly since: number };

export interface ReachOptions {
  readonly target: ClusterTarget;
  readonly lookup: Lookup;
  readonly sliceWatch: SliceWatch;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Also called with a state that was told before. */
  readonly onState: (state: ReachState) => void;
}

type Round =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string; readonly tried: readonly Address[] };

/**
 * Whether an agent outside the cluster reaches what a lane dials: it does what the lane would do (look its name up,
 * connect) and sends nothing. Asked only while the cluster says that something is ready there, and only until it was
 * reached once: what answered before and is silent now is no matter of where the agent runs, and the lane's own failures
 * show it.
 */
export class Reach {
  readonly #options: ReachOptions;
  #watch: { stop(): void } | undefined;
  /** Ready addresses; `unknown`: not told yet; `hidden`: the cluster does not tell. */
  #ready: readonly Address[] | 'unknown' | 'hidden' = 'unknown';
  #life: 'asking' | 'reached' | 'stopped' = 'asking';
  #timer: { readonly handle: TimerHandle; readonly at: number } | undefined;
  #busy = false;
  /** News came during a round. */
  #again = false;
  #failures = 0;
  #since: number | undefined;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  start(): void {
    const { target, sliceWatch, onState } = this.#options;
    onState({ kind: 'asking', what: target.kind === 'pods' ? `the pods of ${target.service.name}` : target.host });
    const watch = sliceWatch.watch(target.service, target.port, {
      onEndpoints: (addresses) => this.#heard(addresses),
      onState: (state) => {
        if (state === 'forbidden' || (state === 'lost' && this.#ready === 'unknown')) this.#heard('hidden');
      },
    });
    // It may have told, and been over, at once.
    if (this.#life === 'asking') this.#watch = watch;
    else watch.stop();
  }

  stop(): void {
    this.#life = 'stopped';
    this.#end();
  }

  #end(): void {
    this.#watch?.stop();
    this.#timer?.handle.cancel();
  }

  #heard(ready: readonly Address[] | 'hidden'): void {
    if (this.#life !== 'asking') return;
    const fresh =
      ready === 'hidden' || this.#ready === 'unknown' || this.#ready === 'hidden'
        ? this.#ready !== ready
        : ready.some((address) => !has(this.#ready, address));
    this.#ready = ready;
    // Whoever names pods by a watch that is forbidden has nothing to dial; the lane says so itself.
    const nothing = ready === 'hidden' ? this.#options.target.kind === 'pods' : ready.length === 0;
    if (nothing) {
      this.#timer?.handle.cancel();
      this.#timer = undefined;
      this.#failures = 0;
      this.#since = undefined;
      this.#options.onState({ kind: 'open' });
    } else if (this.#busy) this.#again ||= fresh;
    else if (fresh) this.#soon();
  }

  /** At once; after a failure no more often than the first pause. */
  #soon(): void {
    this.#arm(this.#failures === 0 ? 0 : firstPauseMs);
  }

  #arm(ms: number): void {
    const at = this.#options.clock.now() + ms;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.handle.cancel();
    const handle = this.#options.timers.setTimeout(() => {
      this.#timer = undefined;
      void this.#round();
    }, ms);
    this.#timer = { handle, at };
  }

  async #round(): Promise<void> {
    const { clock, onState } = this.#options;
    const began = clock.now();
    this.#busy = true;
    this.#again = false;
    const round = await this.#try();
    this.#busy = false;
    if (this.#life !== 'asking') return;
    if (round.ok) {
      this.#life = 'reached';
      this.#end();
      onState({ kind: 'open' });
      return;
    }
    const { target } = this.#options;
    if (Array.isArray(this.#ready) && this.#ready.length === 0) return;
    // Pods that went while they were dialled prove nothing.
    if (target.kind === 'pods' && !round.tried.some((address) => has(this.#ready, address))) {
      this.#arm(firstPauseMs);
      return;
    }
    this.#failures += 1;
    this.#since ??= began;
    if (this.#failures >= roundsToTell) onState({ kind: 'unreachable', reason: round.reason, since: this.#since });
    if (this.#again) this.#soon();
    else this.#arm(Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#failures - 1)));
  }

  async #try(): Promise<Round> {
    const { target, lookup } = this.#options;
    if (target.kind === 'pods') {
      const ready = Array.isArray(this.#ready) ? this.#ready : [];
      const n = ready.length;
      return this.#dialAny(ready, n === 1 ? 'its pod' : `its ${n} pods`);
    }
    const { host, port } = target;
    const found = await lookup.lookup(host);
    if (!found.ok) {
      const reason = `looking up ${host} from the agent's machine fails: ${unfound[found.code]}`;
      return { ok: false, reason, tried: [] };
    }
    return this.#dialAny(
      found.addresses.map((address) => ({ host: address, port })),
      host,
    );
  }

  async #dialAny(addresses: readonly Address[], what: string): Promise<Round> {
    const tried = addresses.slice(0, mostAddresses);
    const outcomes = await Promise.all(tried.map((address) => this.#options.dial(address)));
    if (outcomes.some(({ ok }) => ok)) return { ok: true };
    const each = tried.map(({ host, port }, place) => {
      const outcome = outcomes[place];
      return `${host}:${port}: ${outcome === undefined || outcome.ok ? '' : outcome.why}`;
    });
    return { ok: false, reason: `connecting to ${what} from the agent's machine fails (${each.join('; ')})`, tried };
  }
}

const unfound: Record<FailureCode, string> = {
  NXDOMAIN: 'there is no such name',
  EMPTY: 'it has no address',
  SERVFAIL: 'the name server failed',
  REFUSED: 'the name server refused',
  TIMEOUT: 'no name server answered in time',
  UNREACHABLE: 'no name server answers',
  FORBIDDEN: 'it is not permitted here',
};

function has(ready: readonly Address[] | string, { host, port }: Address): boolean {
  return typeof ready !== 'string' && ready.some((each) => each.host === host && each.port === port);
}
