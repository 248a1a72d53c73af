import type { CallRoute } from '../balancing/channel-port.ts';

/** Of one call that other client software makes; filled in as the call goes. */
export class Route implements CallRoute {
  address: string | undefined = undefined;
  connectionId: string | undefined = undefined;
  connectedAt: number | undefined = undefined;
  resolutionId: string | undefined = undefined;
  resolvedAt: number | undefined = undefined;
  pick: string;
  sentAt: number | undefined = undefined;
  attempts = 0;
  readonly transparentRetries = 0;
  upstreamHost: string | undefined = undefined;

  /** `pick`: how the client picks, in words. */
  constructor(pick = '') {
    this.pick = pick;
  }
}
