import type { Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';

/** Who picks the pod: a client with one address leaves it to someone behind that address. */
export type Decider = 'kube-proxy' | 'envoy' | 'dns' | 'api' | 'static';

export function decider(lane: Lane): Decider {
  if (lane.spec?.resolver === 'dns') return 'dns';
  if (lane.spec?.resolver === 'kubernetes') return 'api';
  if ((lane.spec?.envoyStatus ?? '') !== '' || lane.belief?.source === 'envoy') return 'envoy';
  return lane.id === 'clusterip' || /^kube-proxy\b/.test(lane.spec?.mechanism ?? '') ? 'kube-proxy' : 'static';
}

/** Whether a proxy picks for every call behind the lane's one address: Envoy, or one that says so. */
export function isProxied(lane: Lane): boolean {
  return decider(lane) === 'envoy' || (decider(lane) === 'static' && /^proxy\b/.test(lane.spec?.mechanism ?? ''));
}
