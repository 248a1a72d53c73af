import type { TrafficSettings } from '../traffic/driver.ts';
import type { Part } from '../traffic/schedule.ts';

/** What a lane shall send, or a part of it. */
export interface Load {
  readonly settings: TrafficSettings;
  readonly running: boolean;
}

/**
 * One agent's part of a lane's load. Open loop: its calls are numbered since the epoch, and each agent makes those whose number
 * leaves its index; so the parts add up to the call, none is ever more than one call ahead, and no two agents call at the same
 * instant. Closed loop: the callers are dealt out; an agent that gets none makes no calls. Connections are each agent's own.
 */
export function shareOf({ settings, running }: Load, part: Part): Load {
  if (settings.concurrency === 0) return { settings: { ...settings, part }, running };
  const callers = Math.floor(settings.concurrency / part.of) + (part.index < settings.concurrency % part.of ? 1 : 0);
  // Nobody to call: concurrency 0 would mean an open loop.
  if (callers === 0) return { settings, running: false };
  return { settings: { ...settings, concurrency: callers }, running };
}
