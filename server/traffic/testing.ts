import type { CallRoute } from '../balancing/channel-port.ts';
import type { Attribution } from './ports.ts';

/** For tests: knows of nobody, or what it is told to know. */
export function attributionOf(known: Partial<Omit<Attribution, 'version'>> = {}): Attribution {
  return { version: 0, podAt: () => undefined, podNamed: () => undefined, notReadySince: () => undefined, ...known };
}

/** For tests: the route of a call that went nowhere, but for what is given. */
export function routeOf(part: Partial<CallRoute> = {}): CallRoute {
  return {
    address: undefined,
    connectionId: undefined,
    connectedAt: undefined,
    resolutionId: undefined,
    resolvedAt: undefined,
    pick: '',
    sentAt: undefined,
    attempts: 1,
    transparentRetries: 0,
    upstreamHost: undefined,
    ...part,
  };
}
