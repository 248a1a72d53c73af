import { knowsPods } from './belief.ts';
import { scoreOf } from './score.ts';
import type { LaneRun, Run } from './state.ts';
import { addressOf } from './truth.ts';

/**
 * What a pod is to a lane. Used, idle, missing and ghost are four different drawings and never mixed up:
 * - used: answered in the score window;
 * - idle: reachable or known, and not chosen;
 * - missing: ready, and not on the client's list (only where the client has a list of pods);
 * - ghost: on the list, and not ready;
 * - starting: neither ready nor listed;
 * - gone: ended, its row is kept for 60 s.
 */
export type Standing = 'used' | 'idle' | 'missing' | 'ghost' | 'starting' | 'gone' | 'unattributed' | 'unknown';

export function standingOf(run: Run, lane: LaneRun, uid: string): Standing {
  const known = run.pods.get(uid);
  if (known === undefined) return uid === '' ? 'unattributed' : 'unknown';
  const address = addressOf(run, uid);
  const listed = address !== undefined && lane.belief.addresses.includes(address);
  const lists = knowsPods(run, lane);
  if (known.goneAt !== undefined) return lists && listed ? 'ghost' : 'gone';
  const used = (scoreOf(run, lane.id).pods.get(uid)?.answered ?? 0) > 0;
  if (known.pod.ready) {
    if (lists && !listed) return 'missing';
    return used ? 'used' : 'idle';
  }
  if (lists && listed) return 'ghost';
  // A pinned connection goes on to a pod that is no longer ready.
  if (!lists && [...lane.connections.values()].some((c) => c.podUid === uid && c.state === 'READY')) return 'used';
  const wasReady = run.intervals.some((i) => i.podUid === uid && i.readyFrom !== undefined);
  return wasReady && used ? 'gone' : wasReady ? 'idle' : 'starting';
}
