import { findResource, type Resource, reviewGroups } from './resources.ts';

/** What a path asks for. */
export type Route =
  | {
      readonly kind: 'resource';
      readonly resource: Resource;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly subresource: string | undefined;
    }
  | { readonly kind: 'review'; readonly review: string }
  | { readonly kind: 'unknown' };

/** `/api/v1/...` and `/apis/GROUP/VERSION/...`: `[namespaces/NS/]RESOURCE[/NAME[/SUBRESOURCE]]`. */
export function routeOf(path: readonly string[]): Route {
  const core = path[0] === 'api';
  const group = core ? '' : (path[1] ?? '');
  const version = (core ? path[1] : path[2]) ?? '';
  let rest = path.slice(core ? 2 : 3);
  const reviews = reviewGroups.find((each) => each.group === group);
  const review = reviews?.kinds.find(([, plural]) => plural === rest[0]);
  if (review !== undefined && version === 'v1' && rest.length === 1) return { kind: 'review', review: review[0] };

  let namespace: string | undefined;
  // /namespaces/NAME, /namespaces/NAME/status and /finalize are the Namespace itself.
  if (
    rest[0] === 'namespaces' &&
    rest.length > 2 &&
    !(rest.length === 3 && ['status', 'finalize'].includes(rest[2] ?? ''))
  ) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural, name, subresource, ...more] = rest;
  if (plural === undefined || more.length > 0) return { kind: 'unknown' };
  const resource = findResource(group, version, plural);
  if (resource === undefined || (namespace !== undefined && !resource.namespaced)) return { kind: 'unknown' };
  if (name !== undefined && resource.namespaced && namespace === undefined) return { kind: 'unknown' };
  if (subresource !== undefined && !resource.subresources.includes(subresource)) return { kind: 'unknown' };
  return { kind: 'resource', resource, namespace, name, subresource };
}
