/** The process in which @grpc/grpc-js makes the calls of its lanes: composition root of what lies below that cut. */
import { getServers } from 'node:dns';
import { GrpcJsChannel } from '../clients/grpc-js/channel.ts';
import { anchoredClock, nodeTimers } from '../events/clock.ts';
import { LaneCounters } from '../traffic/counters.ts';
import type { ProcessInit } from './child-process.ts';
import { Lower } from './lower.ts';
import type { Down, Up } from './messages.ts';

let lower: Lower | undefined;
let outbox: Up[] = [];
function post(message: Up): void {
  outbox.push(message);
  if (outbox.length > 1) return;
  queueMicrotask(() => {
    const messages = outbox;
    outbox = [];
    if (process.connected) process.send?.(messages, undefined, undefined, () => {});
  });
}

/** The system's own name server, as resolv.conf has it. */
function systemDns(): { host: string; port: number } {
  const [first = '127.0.0.1'] = getServers();
  const parts = /^(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(first);
  return { host: parts?.[1] ?? first, port: Number(parts?.[2] ?? 53) };
}

function begin(init: ProcessInit): Lower {
  const clock = anchoredClock(init.anchor);
  const dns = init.dns ?? systemDns();
  return new Lower({
    post,
    clock,
    timers: nodeTimers,
    makeChannel: (plan, channelIndex, { events }) =>
      new GrpcJsChannel({
        laneId: plan.laneId,
        channelIndex,
        spec: plan.channel,
        dns,
        events,
        clock,
        timers: nodeTimers,
      }),
  });
}

process.on('message', (message: ProcessInit | Down) => {
  if (!('t' in message)) lower = begin(message);
  else if (message.t === 'open') lower?.receive({ ...message, counters: new LaneCounters().memory });
  else lower?.receive(message);
});
// The agent is gone, or wants no more of this.
process.on('disconnect', () => process.exit(0));
