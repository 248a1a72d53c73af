import { createLowerChannel } from '../balancing/channel.ts';
import { JsonChannel } from '../clients/http1-json/channel.ts';
import type { Clock, Timers } from '../events/port.ts';
import { createConnectNodeTransport } from '../transport/connect-node/index.ts';
import { createHttp2Transport } from '../transport/http2/index.ts';
import { callToken } from './call-token.ts';
import type { MakeChannel } from './lower.ts';

export interface ChannelMakerOptions {
  readonly transport: 'lbscope' | 'connect-node';
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: () => number;
}

/** A lane's channels below the cut. Here it is decided which software makes its calls. */
export function channelMaker(options: ChannelMakerOptions): MakeChannel {
  const { clock, timers, random } = options;
  const transport = options.transport === 'lbscope' ? createHttp2Transport() : createConnectNodeTransport();
  return (plan, channelIndex, { resolution, events }) => {
    const parts = { laneId: plan.laneId, channelIndex, resolution, events, clock, timers };
    if (plan.client === 'http1-json') {
      return new JsonChannel({ ...parts, target: plan.channel.target, keepAlive: plan.keepAlive });
    }
    const { callTokenFile } = plan.channel;
    const callHeaders = callTokenFile === undefined ? undefined : callToken(callTokenFile);
    return createLowerChannel({ ...plan.channel, ...parts, transport, random, callHeaders });
  };
}
