import type { Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import type { LaneData } from './lane.ts';

/** What a lane's band shows now, in words: the text alternative of its picture. */
export function bandWords(lane: Lane, data: LaneData): string {
  const now = data.stretches[data.stretches.length - 1];
  const shares = (now?.shares ?? [])
    .filter((each) => each.share > 0)
    .toReversed()
    .map((each) => `${data.handles.get(each.uid) ?? each.uid} ${Math.round(each.share * 100)} %`);
  const who = shares.length === 0 ? 'nobody answers' : shares.join(', ');
  const lost = data.tears.reduce((sum, tear) => sum + tear.count, 0);
  const last = data.brackets[data.brackets.length - 1];
  const reaction = last === undefined || last.state === 'ended' ? '' : `; last change: ${last.label}`;
  return `${lane.label}: ${who}${lost > 0 ? `; ${lost} calls lost in the time shown` : ''}${reaction}`;
}
