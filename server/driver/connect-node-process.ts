/**
 * The process in which @connectrpc/connect-node makes the calls of its lanes. Of its own, because a GOAWAY that meets an idle
 * session of its session manager ends the process (connect-es 1768): that is what its users get, and must not end the agent.
 */
import { createNodeLookup } from '../balancing/resolver/node-lookup.ts';
import { ConnectNodeChannel } from '../clients/connect-node/channel.ts';
import { runClientProcess } from './client-process.ts';

runClientProcess(({ dns, clock, timers }) => {
  const lookup = createNodeLookup({ server: dns === undefined ? undefined : `${dns.host}:${dns.port}` });
  return (plan, channelIndex, { events }) => {
    const { laneId, channel } = plan;
    return new ConnectNodeChannel({ laneId, channelIndex, target: channel.target, lookup, events, clock, timers });
  };
});
