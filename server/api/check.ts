import type { RequestRules, Rule } from './rules.ts';

/**
 * Checks a request as JSON, before it is parsed: there the value still is what the caller wrote.
 * All faults at once, each naming field, value and what is allowed.
 */
export function checkJson(rules: RequestRules, json: unknown): string[] {
  if (!isObject(json)) return [`the request is ${show(json)}: allowed is a JSON object such as {}`];
  return checkObject(rules, json, '');
}

/** Checks a request that came in the binary format, where types are right by construction and empty text means absent. */
export function checkMessage(rules: RequestRules, message: object): string[] {
  return checkObject(rules, message as Record<string, unknown>, '', true);
}

function checkObject(rules: RequestRules, object: Record<string, unknown>, path: string, parsed = false): string[] {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  const names = Object.keys(rules.fields);
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);

  if (!parsed) {
    for (const key of Object.keys(object)) {
      if (names.some((name) => name === key || snake(name) === key)) continue;
      const known = names.length === 0 ? 'this request has no fields' : `allowed are ${names.join(', ')}`;
      faults.push(`${at(key)} is not a field (its value is ${show(object[key])}): ${known}`);
    }
  }
  for (const [name, rule] of Object.entries(rules.fields)) {
    // JSON's null is "absent" in protobuf's mapping.
    const value = object[name] ?? (parsed ? undefined : object[snake(name)]) ?? undefined;
    if (value === undefined || (parsed && value === '' && (rule.required || maybeEmpty(rule)))) {
      if (rule.required) faults.push(`${at(name)} is missing: allowed is ${allowed(rule)}`);
      continue;
    }
    if (rule.kind === 'message') {
      if (isObject(value)) faults.push(...checkObject(rule.request, value, at(name), parsed));
      else faults.push(`${at(name)} is ${show(value)}: allowed is ${allowed(rule)}`);
    } else if (rule.kind === 'list') {
      faults.push(...checkList(rule, value, at(name), parsed));
    } else if (!fits(rule, value)) {
      faults.push(`${at(name)} is ${show(value)}: allowed is ${allowed(rule)}`);
    }
    values[name] = value;
  }
  // With a field that is wrong by itself, what the fields say together is noise.
  return faults.length > 0 ? faults : [...(rules.together?.(values, path) ?? [])];
}

function checkList(rule: Rule & { kind: 'list' }, value: unknown, path: string, parsed: boolean): string[] {
  if (!Array.isArray(value) || value.length > rule.most)
    return [`${path} is ${show(value)}: allowed is ${allowed(rule)}`];
  return value.flatMap((each: unknown, index) => {
    const place = `${path}[${index}]`;
    if (rule.item.kind === 'message') {
      return isObject(each)
        ? checkObject(rule.item.request, each, place, parsed)
        : [`${place} is ${show(each)}: allowed is ${allowed(rule.item)}`];
    }
    if (rule.item.kind === 'list') return checkList(rule.item, each, place, parsed);
    return fits(rule.item, each) ? [] : [`${place} is ${show(each)}: allowed is ${allowed(rule.item)}`];
  });
}

/** Protobuf's JSON form, RFC 3339 with up to nine digits of a second; or, once parsed, a Timestamp. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function fits(rule: Exclude<Rule, { kind: 'message' | 'list' }>, value: unknown): boolean {
  switch (rule.kind) {
    case 'bool':
      return typeof value === 'boolean';
    case 'number':
      return (
        typeof value === 'number' &&
        value >= rule.min &&
        value <= rule.max &&
        (!rule.whole || Number.isInteger(value)) &&
        rule.except?.(value) !== true
      );
    case 'instant':
      return isObject(value) || (typeof value === 'string' && instant.test(value) && !Number.isNaN(Date.parse(value)));
    case 'bytes':
      return value instanceof Uint8Array
        ? value.length <= rule.most
        : typeof value === 'string' && value.length <= rule.most * 1.4;
    case 'word':
      return typeof value === 'string' && (rule.words.includes(value) || (value === '' && rule.mayBeEmpty === true));
    case 'text':
      return typeof value === 'string' && (rule.pattern.test(value) || (value === '' && rule.mayBeEmpty === true));
  }
}

function maybeEmpty(rule: Rule): boolean {
  return 'mayBeEmpty' in rule && rule.mayBeEmpty === true;
}

function allowed(rule: Rule): string {
  switch (rule.kind) {
    case 'bool':
      return 'true or false';
    case 'number':
      return rule.allowed ?? `a ${rule.whole ? 'whole ' : ''}number from ${rule.min} to ${rule.max}`;
    case 'word':
      return `one of ${rule.words.join(', ')}`;
    case 'text':
      return rule.allowed;
    case 'instant':
      return 'an instant such as "2026-01-31T09:30:00.5Z"';
    case 'bytes':
      return `at most ${rule.most} bytes, base64 in JSON`;
    case 'list':
      return `a list of at most ${rule.most}, each ${allowed(rule.item)}`;
    case 'message':
      return `an object with ${Object.keys(rule.request.fields).join(', ')}`;
  }
}

const longest = 80;

function show(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
