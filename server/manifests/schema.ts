import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as kubernetes from '@kubernetes/client-node';
import type { Manifest } from './render.ts';

/** A field as Kubernetes' OpenAPI has it. */
interface Attribute {
  readonly baseName: string;
  /** string, number, boolean, any, Date, `Array<T>`, `{ [key: string]: T; }`, or the name of a model. */
  readonly type: string;
  readonly format: string;
}

/** The package's models are generated from Kubernetes' own OpenAPI document. */
const models = kubernetes as unknown as Record<string, { getAttributeTypeMap?: () => Attribute[] } | undefined>;
const folder = join(dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node'))), 'gen', 'models');

/** Which release of Kubernetes the models are of, as their files say. */
export const schemaRelease = /OpenAPI spec version: (\S+)/.exec(readFileSync(join(folder, 'V1Pod.d.ts'), 'utf8'))?.[1];

/** The model of an object; undefined: its kind is not Kubernetes' own (a custom resource). */
function modelOf({ apiVersion, kind }: Manifest): string | undefined {
  const [group = '', version = ''] = String(apiVersion).includes('/') ? apiVersion.split('/') : ['', apiVersion];
  if (group.includes('.') && !group.endsWith('.k8s.io')) return undefined;
  const name = `${version.charAt(0).toUpperCase()}${version.slice(1)}${kind}`;
  return models[name]?.getAttributeTypeMap === undefined ? undefined : name;
}

/** Fields without a question mark in the model's declaration must be there. */
const required = new Map<string, readonly string[]>();
function requiredOf(model: string): readonly string[] {
  let names = required.get(model);
  if (names === undefined) {
    const text = readFileSync(join(folder, `${model}.d.ts`), 'utf8');
    names = [...text.matchAll(/^ {4}'([^']+)': /gm)].map((match) => match[1] ?? '');
    required.set(model, names);
  }
  return names;
}

export type Verdict =
  | { readonly kind: 'checked'; readonly faults: string[] }
  /** No schema of it is at hand. */
  | { readonly kind: 'custom' };

/** Unknown fields, missing ones and wrong types, each with its path: what `--validate=strict` finds on a cluster. */
export function validate(object: Manifest): Verdict {
  const model = modelOf(object);
  if (model === undefined) return { kind: 'custom' };
  return { kind: 'checked', faults: check(object, model, `${object.kind}/${object.metadata?.name}`) };
}

function check(value: unknown, type: string, path: string, format = ''): string[] {
  const wrong = (allowed: string) => [`${path} is ${JSON.stringify(value)}: allowed is ${allowed}`];
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) {
    if (!Array.isArray(value)) return wrong(`a list of ${list}`);
    return value.flatMap((each, index) => check(each, list, `${path}[${index}]`));
  }
  const entries = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (entries !== undefined) {
    if (!isObject(value)) return wrong('an object');
    return Object.entries(value).flatMap(([key, each]) => check(each, entries, `${path}.${key}`));
  }
  switch (type) {
    case 'any':
    case 'object':
      return [];
    case 'IntOrString':
      return typeof value === 'string' || Number.isInteger(value) ? [] : wrong('a whole number or a string');
    case 'string':
    case 'Date':
    case 'V1MicroTime':
      return typeof value === 'string' ? [] : wrong('a string');
    case 'boolean':
      return typeof value === 'boolean' ? [] : wrong('true or false');
    case 'number':
      if (format.startsWith('int')) return Number.isInteger(value) ? [] : wrong('a whole number');
      return typeof value === 'number' ? [] : wrong('a number');
  }
  const attributes = models[type]?.getAttributeTypeMap?.();
  if (attributes === undefined) return [`${path}: there is no model ${type}`];
  if (!isObject(value)) return wrong(`an object (${type})`);
  const faults: string[] = [];
  const known = new Map(attributes.map((each) => [each.baseName, each]));
  for (const [name, each] of Object.entries(value)) {
    const attribute = known.get(name);
    if (attribute === undefined) faults.push(`${path}.${name} is not a field of ${type}`);
    else faults.push(...check(each, attribute.type, `${path}.${name}`, attribute.format));
  }
  for (const name of requiredOf(type)) if (!(name in value)) faults.push(`${path}.${name} is missing (${type})`);
  return faults;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
