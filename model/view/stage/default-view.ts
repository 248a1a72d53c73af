import type { GetSnapshotResponse } from '../../../gen/lbscope/agent/v1/agent_pb.js';

const mostLanes = 4;
const mostPods = 8;

/** The Stage explains up to four lanes and eight pods at a glance, and is for presenting; beyond that one measures. */
export function defaultView(snapshot: GetSnapshotResponse, presenting: boolean): 'stage' | 'timeline' {
  if (presenting) return 'stage';
  const living = snapshot.pods.filter((pod) => pod.phase !== 'Gone').length;
  return snapshot.lanes.length <= mostLanes && living <= mostPods ? 'stage' : 'timeline';
}
