import type { Lookup } from '../balancing/resolver/port.ts';
import type { TimerHandle, Timers } from '../events/port.ts';
import type { Address } from '../transport/port.ts';

/** CoreDNS answers from its own watch, up to a TTL of 5 to 30 s old; asking oftener would tell nothing new. */
const lookEveryMs = 5_000;

export interface PeerListOptions {
  /** "host:port" each: an address, or a name (of a headless Service) of which every address is one. */
  readonly targets: readonly string[];
  readonly lookup: Lookup;
  readonly timers: Timers;
  /** All there are now. */
  readonly onAddresses: (addresses: readonly Address[]) => void;
  /** A name can't be looked up; what was known of it is kept. Told once for each reason. */
  readonly onFault: (reason: string) => void;
}

/** Which other agents there are. */
export class PeerList {
  readonly #options: PeerListOptions;
  readonly #found = new Map<string, readonly string[]>();
  #timer: TimerHandle | undefined;
  #told = '';
  #fault = '';
  #stopped = false;

  constructor(options: PeerListOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { targets, lookup, timers, onAddresses, onFault } = this.#options;
    const addresses: Address[] = [];
    let fault = '';
    let named = false;
    for (const target of targets) {
      const colon = target.lastIndexOf(':');
      const [host, port] = [target.slice(0, colon), Number(target.slice(colon + 1))];
      if (isAddress(host)) {
        addresses.push({ host, port });
        continue;
      }
      named = true;
      const outcome = await lookup.lookup(host);
      if (outcome.ok) this.#found.set(target, [...outcome.addresses].sort());
      // The Service is there and selects nothing that is ready: there are none.
      else if (outcome.code === 'NXDOMAIN' || outcome.code === 'EMPTY') this.#found.set(target, []);
      else fault = `${host} could not be looked up (${outcome.code})`;
      for (const address of this.#found.get(target) ?? []) addresses.push({ host: address, port });
    }
    if (this.#stopped) return;
    if (fault !== this.#fault && fault !== '') onFault(fault);
    this.#fault = fault;
    const told = addresses.map(({ host, port }) => `${host}:${port}`).join();
    if (told !== this.#told) {
      this.#told = told;
      onAddresses(addresses);
    }
    if (named) this.#timer = timers.setTimeout(() => void this.#look(), lookEveryMs);
  }
}

function isAddress(host: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(host);
}
