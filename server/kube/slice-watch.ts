import type { Timers } from '../events/port.ts';
import type { Kube } from './connect.ts';
import { endpointSlices, type SliceObject } from './objects.ts';
import { createReflector } from './reflector.ts';
import { type JoinedEndpoint, joinSlices } from './slices.ts';

/** Ties a slice to its Service: the name of a slice says nothing. */
export const serviceNameLabel = 'kubernetes.io/service-name';

/** Matches balancing's port of this name by shape; neither folder imports the other. */
export interface SliceWatch {
  watch(
    service: { readonly namespace: string; readonly name: string },
    port: number | string,
    listener: {
      onEndpoints(addresses: readonly { readonly host: string; readonly port: number }[]): void;
      onState(state: 'connecting' | 'synced' | 'lost' | 'forbidden', message: string): void;
    },
  ): { stop(): void };
}

export interface SliceWatchOptions {
  readonly kube: Kube;
  readonly timers: Timers;
  readonly random: () => number;
  /** Called for what a listener throws. */
  readonly onFault?: (error: unknown) => void;
}

/** What a kube-watch lane resolves with: the ready set, after each list and each event that concerns the Service. */
export function createSliceWatch(options: SliceWatchOptions): SliceWatch {
  return {
    watch(service, port, listener) {
      return watchSlices(
        { ...options, service },
        (slices) => {
          const ready = joinSlices(slices, port).filter((endpoint) => endpoint.ready);
          listener.onEndpoints(ready.map(({ ip, port: number }) => ({ host: ip, port: number })));
        },
        (state, message) => listener.onState(state, message),
      );
    },
  };
}

export type { JoinedEndpoint };

/** Keeps the slices of one Service and hands over all of them on each change. */
export function watchSlices(
  options: SliceWatchOptions & { readonly service: { readonly namespace: string; readonly name: string } },
  onSlices: (slices: readonly SliceObject[]) => void,
  onState: (state: 'connecting' | 'synced' | 'lost' | 'forbidden', message: string) => void,
): { stop(): void } {
  const held = new Map<string, SliceObject>();
  const keyOf = (slice: SliceObject) => slice.metadata?.name ?? '';
  return createReflector<SliceObject>(
    {
      kube: options.kube,
      timers: options.timers,
      random: options.random,
      resource: endpointSlices,
      namespace: options.service.namespace,
      labelSelector: `${serviceNameLabel}=${options.service.name}`,
    },
    {
      onReplaced(slices) {
        held.clear();
        for (const slice of slices) held.set(keyOf(slice), slice);
        onSlices([...held.values()]);
      },
      onChanged(type, slice) {
        if (type === 'DELETED') held.delete(keyOf(slice));
        else held.set(keyOf(slice), slice);
        onSlices([...held.values()]);
      },
      onState(state) {
        if (state.kind === 'stopped') return;
        onState(state.kind, 'message' in state ? state.message : '');
      },
      onFault: options.onFault,
    },
  );
}
