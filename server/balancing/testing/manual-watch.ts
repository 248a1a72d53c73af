import type { ResolvedAddress, SliceWatch, SliceWatchListener } from '../resolver/port.ts';

/** A watch whose news the test gives: the manual resolver of these tests. */
export class ManualWatch implements SliceWatch {
  readonly watched: string[] = [];
  listeners = new Set<SliceWatchListener>();
  private current: readonly ResolvedAddress[] | undefined;

  constructor(current?: readonly ResolvedAddress[]) {
    this.current = current;
  }

  watch(service: { namespace: string; name: string }, port: number | string, listener: SliceWatchListener) {
    this.watched.push(`${service.name}.${service.namespace}:${port}`);
    this.listeners.add(listener);
    if (this.current !== undefined) listener.onEndpoints(this.current);
    return { stop: () => void this.listeners.delete(listener) };
  }

  endpoints(addresses: readonly ResolvedAddress[]): void {
    this.current = addresses;
    for (const listener of this.listeners) listener.onEndpoints(addresses);
  }

  state(state: 'connecting' | 'synced' | 'lost' | 'forbidden', message = ''): void {
    for (const listener of this.listeners) listener.onState(state, message);
  }
}
