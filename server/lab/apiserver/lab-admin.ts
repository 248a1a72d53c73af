import type { Json } from '../store-port.ts';
import { type Access, parseRules } from './access.ts';
import type { RequestLog } from './request-log.ts';
import { resources } from './resources.ts';
import { badRequest, methodNotAllowed, noSuchPath } from './status.ts';
import type { LabStore } from './store.ts';
import type { OpenWatch } from './watch.ts';

export interface AdminContext {
  readonly store: LabStore;
  readonly access: Access;
  readonly watches: ReadonlySet<OpenWatch>;
  readonly log: RequestLog;
}

/** `/lab/v1/...`: what is the lab's own and no part of Kubernetes. */
export function serveAdmin(context: AdminContext, method: string, path: readonly string[], body: Json): Json {
  const { store, access, watches, log } = context;
  const what = path.join('/');
  if (what === 'state') {
    if (method !== 'GET') throw methodNotAllowed();
    return {
      resourceVersion: store.resourceVersion,
      objects: Object.fromEntries(resources.map((each) => [each.plural, store.list(each.kind).length])),
      watches: [...watches].map(({ user, resource, namespace, since }) => ({ user, resource, namespace, since })),
      access: { deny: access.rules() },
    };
  }
  if (what === 'requests') {
    if (method === 'GET') return log.read();
    if (method !== 'DELETE') throw methodNotAllowed();
    log.clear();
    return log.read();
  }
  if (what !== 'access') throw noSuchPath();
  if (method === 'GET') return { deny: access.rules() };
  if (method !== 'PUT') throw methodNotAllowed();
  const parsed = parseRules(body);
  if (!parsed.ok) throw badRequest(parsed.problem);
  const closeWatches = body.closeWatches ?? false;
  if (typeof closeWatches !== 'boolean') throw badRequest('closeWatches: must be true or false');
  access.set(parsed.rules);
  // A cluster lets open watches run on; a scenario may not want to wait for their end.
  if (closeWatches)
    for (const watch of [...watches])
      if (!access.authorize(watch.user, 'watch', watch.resource, watch.namespace).allowed) watch.close();
  return { deny: access.rules() };
}
