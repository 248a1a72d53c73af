import type { Json } from '../store-port.ts';
import type { Access } from './access.ts';

/** `kubectl auth can-i`, `auth can-i --list` and `auth whoami`. */
export function review(kind: string, body: Json, user: string, access: Access): Json {
  const metadata = { creationTimestamp: null };
  if (kind === 'SelfSubjectReview')
    return {
      kind,
      apiVersion: 'authentication.k8s.io/v1',
      metadata,
      status: { userInfo: { username: user, groups: ['system:authenticated'] } },
    };
  const apiVersion = 'authorization.k8s.io/v1';
  if (kind === 'SelfSubjectRulesReview')
    return {
      kind,
      apiVersion,
      metadata,
      spec: body?.spec ?? {},
      status: {
        // Rules only take away here, which this form can't say: with any rule the list is incomplete.
        incomplete: access.rules().length > 0,
        resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      },
    };
  const asked = body?.spec?.resourceAttributes;
  if (asked === undefined) return { kind, apiVersion, metadata, spec: body?.spec ?? {}, status: { allowed: true } };
  const resource = asked.subresource ? `${asked.resource}/${asked.subresource}` : (asked.resource ?? '');
  const decision = access.authorize(user, asked.verb ?? '', resource, asked.namespace || undefined);
  return {
    kind,
    apiVersion,
    metadata,
    spec: body.spec,
    status: decision.allowed ? { allowed: true } : { allowed: false, denied: true, reason: decision.reason },
  };
}
