import type { Traffic } from '../../gen/lbscope/events/v1/events_pb.js';

/** What was asked for and is not yet reported back: shown at once, taken back when refused. */
export type Pending = {
  replicas?: number;
  running?: boolean;
  traffic?: Partial<
    Pick<
      Traffic,
      | 'ratePerSecond'
      | 'concurrency'
      | 'connections'
      | 'kind'
      | 'messagesPerStream'
      | 'messageIntervalMs'
      | 'payloadBytes'
      | 'deadlineMs'
      | 'thinkTimeMs'
    >
  >;
  /** Lanes asked to go. */
  removed?: readonly string[];
};

type Reported = { replicas?: number; running?: boolean; traffic?: Traffic; lanes?: readonly string[] };

/** Drops what the agent now reports itself. */
export function settle(pending: Pending, reported: Reported): Pending {
  const rest: Pending = { ...pending };
  if (rest.replicas !== undefined && rest.replicas === reported.replicas) delete rest.replicas;
  if (rest.running !== undefined && rest.running === reported.running) delete rest.running;
  if (rest.traffic !== undefined && reported.traffic !== undefined) {
    const open = Object.entries(rest.traffic).filter(
      ([name, value]) => (reported.traffic as unknown as Record<string, unknown>)[name] !== value,
    );
    if (open.length === 0) delete rest.traffic;
    else rest.traffic = Object.fromEntries(open);
  }
  if (rest.removed !== undefined && reported.lanes !== undefined) {
    const still = rest.removed.filter((id) => reported.lanes?.includes(id));
    if (still.length === 0) delete rest.removed;
    else rest.removed = still;
  }
  return rest;
}

export function isEmpty(pending: Pending): boolean {
  return Object.keys(pending).length === 0;
}
