import { anchoredClock, nodeTimers } from '../events/clock.ts';
import { LaneCounters } from '../traffic/counters.ts';
import type { ProcessInit } from './child-process.ts';
import { Lower, type LowerOptions, type MakeChannel } from './lower.ts';
import type { Down, Up } from './messages.ts';

type Parts = Pick<LowerOptions, 'clock' | 'timers'> & Pick<ProcessInit, 'dns'>;

/** Makes this process the lower side of the cut, with some client software's channels. Called once, by its main. */
export function runClientProcess(channelsOf: (parts: Parts) => MakeChannel): void {
  let lower: Lower | undefined;
  let outbox: Up[] = [];
  const post = (message: Up): void => {
    outbox.push(message);
    if (outbox.length > 1) return;
    queueMicrotask(() => {
      const messages = outbox;
      outbox = [];
      if (process.connected) process.send?.(messages, undefined, undefined, () => {});
    });
  };
  process.on('message', (message: ProcessInit | Down) => {
    if (!('t' in message)) {
      const parts = { clock: anchoredClock(message.anchor), timers: nodeTimers };
      lower = new Lower({ post, ...parts, makeChannel: channelsOf({ ...parts, dns: message.dns }) });
    } else if (message.t === 'open') lower?.receive({ ...message, counters: new LaneCounters().memory });
    else lower?.receive(message);
  });
  // The agent is gone, or wants no more of this.
  process.on('disconnect', () => process.exit(0));
}
