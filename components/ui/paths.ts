/** The four paths, before the agent has told of any: what they are does not depend on what runs. */
export const paths = [
  { id: 'clusterip', label: 'ClusterIP', how: 'kube-proxy picks a pod once, when the connection opens' },
  { id: 'headless', label: 'Headless DNS', how: 'the client picks for every call, from one DNS answer' },
  { id: 'kubewatch', label: 'kube-watch', how: 'the client picks for every call, and is told of every change' },
  { id: 'envoy', label: 'Envoy', how: 'a proxy picks for every call, and asks DNS again and again' },
] as const;
