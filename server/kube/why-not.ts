import type { Api } from './http.ts';

const timeoutMs = 3_000;

/**
 * Why nothing answers behind a Service, as far as the cluster knows: no Service, no pod, or what its pods wait for.
 * `target`: "service.namespace...:port". One sentence; undefined when the cluster has no answer either.
 */
export async function whyNot(api: Api, target: string): Promise<string | undefined> {
  const [service = '', namespace = ''] = target.slice(0, target.lastIndexOf(':')).split('.');
  // An address is no Service.
  if (service === '' || namespace === '' || /^\d+$/.test(namespace)) return undefined;
  const found = await api.request('GET', `/api/v1/namespaces/${namespace}/services/${service}`, { timeoutMs });
  if (found.kind === 'status' && found.code === 404) return `there is no Service ${service} in namespace ${namespace}`;
  if (found.kind !== 'ok') return undefined;
  const selector = Object.entries((found.body?.spec?.selector ?? {}) as Record<string, string>)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  if (selector === '') return undefined;
  const query = new URLSearchParams({ labelSelector: selector });
  const pods = await api.request('GET', `/api/v1/namespaces/${namespace}/pods?${query}`, { timeoutMs });
  if (pods.kind !== 'ok') return undefined;
  const items = pods.body?.items ?? [];
  if (items.length === 0) return `no pod runs behind the Service ${service}`;
  for (const pod of items) {
    for (const status of pod.status?.containerStatuses ?? []) {
      const { reason, message } = status?.state?.waiting ?? {};
      if (typeof message === 'string' && message !== '') return message;
      if (typeof reason === 'string' && reason !== 'ContainerCreating') return `its pod waits: ${reason}`;
    }
  }
  return undefined;
}
