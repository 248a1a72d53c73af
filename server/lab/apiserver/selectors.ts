import type { Json, KubeObject } from '../store-port.ts';

type Labels = Readonly<Record<string, string>>;
export type Matcher = (object: KubeObject) => boolean;

interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

function meets(labels: Labels, requirement: Requirement): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** A metav1.LabelSelector. Absent selects nothing, empty selects everything. */
export function selectorMatches(selector: Json, labels: Labels | undefined): boolean {
  if (selector === undefined || selector === null) return false;
  const given = labels ?? {};
  for (const [key, value] of Object.entries((selector.matchLabels ?? {}) as Labels))
    if (given[key] !== value) return false;
  return ((selector.matchExpressions ?? []) as Requirement[]).every((each) =>
    meets(given, { key: each.key, operator: each.operator, values: each.values ?? [] }),
  );
}

/** A Service's selector: plain equality. An empty one selects nothing, as no controller looks after its endpoints. */
export function mapMatches(selector: Labels | undefined, labels: Labels | undefined): boolean {
  if (selector === undefined) return false;
  const entries = Object.entries(selector);
  return entries.length > 0 && entries.every(([key, value]) => labels?.[key] === value);
}

/** As `kubectl` prints it. */
export function formatSelector(selector: Json): string {
  const parts = Object.entries((selector?.matchLabels ?? {}) as Labels).map(([key, value]) => `${key}=${value}`);
  for (const each of (selector?.matchExpressions ?? []) as Requirement[]) {
    if (each.operator === 'Exists') parts.push(each.key);
    else if (each.operator === 'DoesNotExist') parts.push(`!${each.key}`);
    else parts.push(`${each.key} ${each.operator === 'In' ? 'in' : 'notin'} (${each.values.join(',')})`);
  }
  return parts.length === 0 ? '<none>' : parts.join(',');
}

/** `?labelSelector=`: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Undefined when it makes no sense. */
export function parseLabelSelector(text: string): Matcher | undefined {
  const requirements: Requirement[] = [];
  for (const part of splitOutsideParentheses(text)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) return undefined;
    requirements.push(requirement);
  }
  return (object) => requirements.every((each) => meets(object.metadata.labels ?? {}, each));
}

const name = '[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?';
const value = '(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?';
const setForm = new RegExp(`^(${name})\\s+(in|notin)\\s*\\(([^()]*)\\)$`);
const equalForm = new RegExp(`^(${name})\\s*(==|=|!=)\\s*(${value})$`);
const existsForm = new RegExp(`^(!?)\\s*(${name})$`);

function parseRequirement(text: string): Requirement | undefined {
  const set = setForm.exec(text);
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((each) => each.trim());
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'In' : 'NotIn', values };
  }
  const equal = equalForm.exec(text);
  if (equal !== null)
    return { key: equal[1] ?? '', operator: equal[2] === '!=' ? 'NotIn' : 'In', values: [equal[3] ?? ''] };
  const exists = existsForm.exec(text);
  if (exists !== null)
    return { key: exists[2] ?? '', operator: exists[1] === '!' ? 'DoesNotExist' : 'Exists', values: [] };
  return undefined;
}

function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else part += char;
  }
  if (part.trim() !== '' || parts.length > 0) parts.push(part);
  return parts;
}

/**
 * `?fieldSelector=`: `metadata.name=x,status.phase!=Running`. The real API allows a few fields per kind; here any path
 * that leads to a plain value may be asked, which answers every question that the real one answers.
 */
export function parseFieldSelector(text: string): Matcher | undefined {
  const terms: { path: string[]; negated: boolean; wanted: string }[] = [];
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const match = /^\s*([A-Za-z][A-Za-z0-9_.]*)\s*(==|=|!=)(.*)$/.exec(part);
    if (match === null) return undefined;
    terms.push({ path: (match[1] ?? '').split('.'), negated: match[2] === '!=', wanted: (match[3] ?? '').trim() });
  }
  return (object) =>
    terms.every(({ path, negated, wanted }) => {
      let at: Json = object;
      for (const step of path) at = at === null || typeof at !== 'object' ? undefined : at[step];
      return (String(at ?? '') === wanted) !== negated;
    });
}
