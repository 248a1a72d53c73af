import { distinct } from '../address.ts';
import type { Resolver, ResolverListener, SliceWatch } from './port.ts';

export interface KubernetesResolverOptions {
  readonly service: { readonly namespace: string; readonly name: string };
  readonly port: number | string;
  readonly sliceWatch: SliceWatch;
  /** The watch is one that has kuberesolver's faults: the lane says so. */
  readonly kuberesolver?: boolean;
}

/**
 * Told by the Kubernetes API, so nothing is ever asked for. An empty ready set empties the channel (unlike kuberesolver,
 * which keeps stale addresses on scale to zero); a lost watch keeps what there was, as old as it is.
 */
export function createKubernetesResolver(options: KubernetesResolverOptions, listener: ResolverListener): Resolver {
  let watch: { stop(): void } | undefined;
  let stopped = false;
  const mode =
    options.kuberesolver === true
      ? '; kuberesolver mode: only the slice that changed last counts, empty ones never'
      : '';
  return {
    source: 'watch',
    start() {
      if (watch !== undefined || stopped) return;
      watch = options.sliceWatch.watch(options.service, options.port, {
        onEndpoints(addresses) {
          if (!stopped) listener.onResolved(distinct(addresses), 'watch', 0);
        },
        onState(state, message) {
          if (stopped) return;
          switch (state) {
            case 'connecting':
              listener.onNext({ t: 'push', why: 'connecting to the Kubernetes API' });
              return;
            case 'synced':
              listener.onNext({ t: 'push', why: `pushed by the Kubernetes API with the next change${mode}` });
              return;
            case 'lost':
              listener.onNext({ t: 'push', why: 'the watch is lost and is being restored' });
              listener.onFailed({ code: 'UNREACHABLE', message, effect: 'kept' }, 'watch');
              return;
            case 'forbidden':
              listener.onNext({ t: 'push', why: 'the Kubernetes API forbids this watch' });
              listener.onFailed({ code: 'FORBIDDEN', message, effect: 'kept' }, 'watch');
          }
        },
      });
    },
    request() {},
    stop() {
      stopped = true;
      watch?.stop();
    },
  };
}
