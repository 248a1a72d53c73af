import type { Hub } from './hub.ts';

/** What is used of pino. */
interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * What the page shows as a state, said in the log as well, once when it begins and once when it is over: who operates a
 * cluster reads logs. Nothing of it is a secret: viewers read the same words. Returns the end of it.
 */
export function logTroubles(hub: Pick<Hub, 'subscribe'>, log: Log): () => void {
  const open = new Map<string, string>();
  const note = (key: string, fields: object, trouble: string | undefined, over: string) => {
    if (open.get(key) === trouble) return;
    if (trouble !== undefined) {
      open.set(key, trouble);
      log.warn(fields, trouble);
    } else if (open.delete(key)) log.info(fields, over);
  };
  return hub.subscribe((update) => {
    if (update.case !== 'event') return;
    const { kind, laneId = '', agent = '' } = update.value;
    if (kind.case === 'watchState') {
      const { watcher, resource, state, message } = kind.value;
      if (state === 'connecting') return;
      const fields = { watcher, resource, reason: message };
      const trouble = state === 'synced' ? undefined : `a watch of the cluster is ${state}`;
      note(`watch ${watcher} ${resource}`, fields, trouble, 'the watch is back');
    } else if (kind.case === 'laneState') {
      const { state, reason } = kind.value;
      const trouble = state === 'unavailable' ? 'a lane is unavailable' : undefined;
      note(`lane ${laneId}`, { lane: laneId, reason }, trouble, 'the lane is available again');
    } else if (kind.case === 'recordingChanged') {
      const { state, fault, message } = kind.value;
      const trouble = state === 'failing' || state === 'gap' ? 'the run is not being recorded whole' : undefined;
      note('recording', { fault, reason: message }, trouble, 'the run is being recorded again');
    } else if (kind.case === 'agentChanged') {
      const { state = '', reason = '' } = kind.value.agent ?? {};
      const trouble = state === 'lost' && !kind.value.removed ? 'another agent is lost' : undefined;
      note(`agent ${agent}`, { agent, reason }, trouble, 'the other agent is back, or no longer expected');
    }
  });
}
