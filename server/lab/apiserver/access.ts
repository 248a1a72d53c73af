/**
 * Who may do what. The lab lets everyone on loopback do everything; a test or a scenario takes single verbs away from
 * single identities, e.g. the watch on EndpointSlices from one lane, to show what a 403 looks like there.
 */
export interface DenyRule {
  /** Identities as in `Authorization: Bearer lab:NAME`; `*` is everyone with a token. */
  readonly users: readonly string[];
  /** get, list, watch, create, update, patch, delete, deletecollection, or `*`. */
  readonly verbs: readonly string[];
  /** Plural names, with the subresource after a slash (`deployments/scale`), or `*`. */
  readonly resources: readonly string[];
  /** Absent: in every namespace. */
  readonly namespaces?: readonly string[];
}

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export interface Access {
  authorize(user: string, verb: string, resource: string, namespace: string | undefined): Decision;
  rules(): readonly DenyRule[];
  /** Replaces all rules. Counts from the next request on; open watches stay, as in a cluster, unless they are closed. */
  set(rules: readonly DenyRule[]): void;
}

/** Whoever sends no token on loopback. Never denied, so that nobody locks themselves out. */
export const admin = 'lab-admin';

export function createAccess(): Access {
  let rules: readonly DenyRule[] = [];
  const covers = (list: readonly string[], value: string) => list.includes('*') || list.includes(value);
  return {
    authorize(user, verb, resource, namespace) {
      if (user === admin) return { allowed: true };
      const rule = rules.find(
        (each) =>
          covers(each.users, user) &&
          covers(each.verbs, verb) &&
          covers(each.resources, resource) &&
          (each.namespaces === undefined || (namespace !== undefined && covers(each.namespaces, namespace))),
      );
      return rule === undefined ? { allowed: true } : { allowed: false, reason: 'denied by a rule of the lab' };
    },
    rules: () => rules,
    set(given) {
      rules = structuredClone(given);
    },
  };
}

/** The rules of a `PUT /lab/v1/access`, or what is wrong with them. */
export function parseRules(body: unknown): { ok: true; rules: DenyRule[] } | { ok: false; problem: string } {
  const deny = (body as { deny?: unknown } | null)?.deny;
  if (!Array.isArray(deny)) return { ok: false, problem: 'deny: must be a list of rules' };
  const rules: DenyRule[] = [];
  for (const [index, each] of deny.entries()) {
    const rule: Record<string, string[]> = {};
    for (const field of ['users', 'verbs', 'resources', 'namespaces']) {
      const list = (each as Record<string, unknown> | null)?.[field];
      if (list === undefined && field === 'namespaces') continue;
      if (!Array.isArray(list) || list.length === 0 || !list.every((item) => typeof item === 'string'))
        return { ok: false, problem: `deny[${index}].${field}: must be a list of strings that is not empty` };
      rule[field] = list;
    }
    rules.push(rule as unknown as DenyRule);
  }
  return { ok: true, rules };
}
