import type { Json, KubeObject } from '../store-port.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { type Matcher, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest, expired } from './status.ts';
import type { LabStore } from './store.ts';
import { type IncludeObject, partial, toTable } from './table.ts';

/** In what form the client wants objects. */
export type Form =
  | { readonly kind: 'plain' }
  | { readonly kind: 'metadata' }
  | { readonly kind: 'table'; readonly include: IncludeObject };

export function formOf(accept: string, query: URLSearchParams): Form {
  // The first alternative that is known wins: kubectl lists Table first, plain JSON last.
  for (const alternative of accept.split(',')) {
    if (/;\s*as=Table/.test(alternative) && /v=v1(;|\s|$)/.test(`${alternative};`)) {
      const include = query.get('includeObject');
      return { kind: 'table', include: include === 'None' || include === 'Object' ? include : 'Metadata' };
    }
    if (/;\s*as=PartialObjectMetadata/.test(alternative)) return { kind: 'metadata' };
    if (/^\s*(application\/json|\*\/\*|application\/\*)\s*(;\s*q=[\d.]+)?\s*$/.test(alternative)) break;
  }
  return { kind: 'plain' };
}

export function matcherOf(query: URLSearchParams, name?: string): Matcher {
  const matchers: Matcher[] = [];
  const labels = query.get('labelSelector');
  if (labels) {
    const matcher = parseLabelSelector(labels);
    if (matcher === undefined) throw badRequest(`unable to parse requirement: "${labels}" is not a label selector`);
    matchers.push(matcher);
  }
  const fields = query.get('fieldSelector');
  if (fields) {
    const matcher = parseFieldSelector(fields);
    if (matcher === undefined) throw badRequest(`invalid selector: "${fields}"; can't understand it`);
    matchers.push(matcher);
  }
  if (name !== undefined) matchers.push((object) => object.metadata.name === name);
  return (object) => matchers.every((matches) => matches(object));
}

interface Continue {
  readonly version: string;
  readonly after: string;
}

/** One page of a list. All pages carry the version of the first, so that a watch from there misses nothing. */
export function listObjects(
  store: LabStore,
  resource: Resource,
  namespace: string | undefined,
  query: URLSearchParams,
  form: Form,
  now: number,
): Json {
  const matches = matcherOf(query);
  const limit = Number(query.get('limit') ?? 0);
  if (!Number.isInteger(limit) || limit < 0) throw badRequest('limit must be a whole number that is not negative');
  const token = query.get('continue');
  const from = token ? parseContinue(token) : undefined;
  const version = from?.version ?? store.resourceVersion;
  if (from !== undefined) {
    const alive = store.watch(resource.kind, Number(from.version), () => {});
    if (!alive.ok) throw expired(from.version, alive.oldest);
    alive.stop();
  }
  const all = store.list(resource.kind, namespace).filter(matches);
  const rest = from === undefined ? all : all.filter((object) => keyOf(object) > from.after);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const remaining = rest.length - items.length;
  const last = items[items.length - 1];
  const metadata: Json = { resourceVersion: version };
  if (remaining > 0 && last !== undefined) {
    metadata.continue = Buffer.from(JSON.stringify({ version, after: keyOf(last) })).toString('base64url');
    if (!query.get('labelSelector') && !query.get('fieldSelector')) metadata.remainingItemCount = remaining;
  }
  if (form.kind === 'table')
    return toTable(resource.kind, items, now, metadata, { include: form.include, withColumns: true });
  if (form.kind === 'metadata')
    return { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: items.map(partial) };
  return { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items };
}

/** One object in the form asked for. */
export function present(resource: Resource, object: KubeObject, form: Form, now: number): Json {
  if (form.kind === 'table')
    return toTable(
      resource.kind,
      [object],
      now,
      { resourceVersion: object.metadata.resourceVersion },
      { include: form.include, withColumns: true },
    );
  return form.kind === 'metadata' ? partial(object) : object;
}

/** As the store sorts. */
function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function parseContinue(token: string): Continue {
  try {
    const parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof parsed.version === 'string' && typeof parsed.after === 'string') return parsed;
  } catch {
    // Said below.
  }
  throw badRequest('continue key is not valid');
}
