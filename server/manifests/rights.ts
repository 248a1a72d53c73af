import type { Manifest } from './render.ts';

/** A request as RBAC sees it. */
export interface Request {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

/** One verb on one resource, perhaps of one name: what a rule is when it is written out. */
interface Right {
  readonly group: string;
  /** With the subresource after a slash. */
  readonly resource: string;
  readonly verb: string;
  readonly names: readonly string[];
}

export interface Comparison {
  /** Rights that no request used. */
  readonly tooMany: string[];
  /** Requests that no right allows. */
  readonly tooFew: string[];
}

/** A Role against what was asked (RBAC's own rules: any right that matches allows). */
export function compare(role: Manifest, requests: readonly Request[]): Comparison {
  const rights: Right[] = (role.rules as Manifest[]).flatMap((rule) =>
    (rule.apiGroups as string[]).flatMap((group) =>
      (rule.resources as string[]).flatMap((resource) =>
        (rule.verbs as string[]).map((verb) => ({ group, resource, verb, names: rule.resourceNames ?? [] })),
      ),
    ),
  );
  const allows = (right: Right, request: Request) =>
    right.group === request.group &&
    right.resource === what(request) &&
    right.verb === request.verb &&
    (right.names.length === 0 || right.names.includes(request.name));
  return {
    tooMany: rights.filter((right) => !requests.some((request) => allows(right, request))).map(rightText),
    tooFew: requests.filter((request) => !rights.some((right) => allows(right, request))).map(requestText),
  };
}

const what = ({ resource, subresource }: Request) => (subresource === '' ? resource : `${resource}/${subresource}`);
const named = (name: string) => (name === '' ? '' : ` ${name}`);
const requestText = (request: Request) => `${request.verb} ${what(request)}${named(request.name)}`;
const rightText = ({ verb, resource, names }: Right) => `${verb} ${resource}${named(names.join(', '))}`;
