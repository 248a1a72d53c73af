import type { Answer, Api } from './http.ts';

/** Who owns what is applied (server-side apply, KEP-555). */
const fieldManager = 'lbscope';
const timeoutMs = 5_000;

/** Of an object to apply, what its path is made of. */
export interface Applicable {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Server-side apply: created where it is absent, changed where it differs, left alone where it is the same. */
export function applyObject(api: Api, object: Applicable): Promise<Answer> {
  // What another manager changed of ours meanwhile (kubectl scale) is taken back: that is what switching on means.
  const query = new URLSearchParams({ fieldManager, force: 'true' });
  return api.request('PATCH', `${pathOf(object)}?${query}`, {
    body: object,
    contentType: 'application/apply-patch+yaml',
    timeoutMs,
  });
}

/** What it owns (pods of a Deployment) goes after it. */
export function deleteObject(api: Api, object: Applicable): Promise<Answer> {
  return api.request('DELETE', pathOf(object), {
    body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
    timeoutMs,
  });
}

/** Lower-cased plurals: right for every kind that lbscope applies. */
function pathOf({ apiVersion, kind, metadata }: Applicable): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const place = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${place}/${kind.toLowerCase()}s/${metadata.name}`;
}
