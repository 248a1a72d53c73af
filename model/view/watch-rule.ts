import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';

/**
 * What would let a forbidden lane watch: a Role for its namespace; undefined when the lane does not lack one. RBAC
 * grants a reflector nothing less than get, list and watch together.
 */
export function watchRule(snapshot: GetSnapshotResponse, lane: Lane): string | undefined {
  if (lane.state !== 'unavailable' || lane.spec?.resolver !== 'kubernetes') return undefined;
  if (lane.stateCode !== 'forbidden') return undefined;
  const named = /in namespace "?([a-z0-9]([-a-z0-9]*[a-z0-9])?)/.exec(lane.reason)?.[1];
  const namespace = named ?? (snapshot.cluster?.namespace || 'default');
  return `# Bind it to the identity of the lane's credentials with a RoleBinding.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: lbscope-watch-endpointslices
  namespace: ${namespace}
rules:
  - apiGroups: ["discovery.k8s.io"]
    resources: ["endpointslices"]
    verbs: ["get", "list", "watch"]
`;
}
