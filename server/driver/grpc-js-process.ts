/** The process in which @grpc/grpc-js makes the calls of its lanes: composition root of what lies below that cut. */
import { getServers } from 'node:dns';
import { GrpcJsChannel } from '../clients/grpc-js/channel.ts';
import { runClientProcess } from './client-process.ts';

/** The system's own name server, as resolv.conf has it. */
function systemDns(): { host: string; port: number } {
  const [first = '127.0.0.1'] = getServers();
  const parts = /^(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(first);
  return { host: parts?.[1] ?? first, port: Number(parts?.[2] ?? 53) };
}

runClientProcess(({ dns = systemDns(), clock, timers }) => (plan, channelIndex, { events }) => {
  const { laneId, channel: spec } = plan;
  return new GrpcJsChannel({ laneId, channelIndex, spec, dns, events, clock, timers });
});
