import { stringify } from 'yaml';

/** A kubeconfig for the lab: no credentials, as everyone on loopback may do everything. */
export function kubeconfig(server: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lbscope-lab', cluster: { server } }],
    users: [{ name: 'lbscope-lab', user: {} }],
    contexts: [{ name: 'lbscope-lab', context: { cluster: 'lbscope-lab', user: 'lbscope-lab', namespace: 'lbscope' } }],
    'current-context': 'lbscope-lab',
  });
}
