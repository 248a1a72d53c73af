import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  type FileRegistry,
  fromJson,
  type JsonValue,
  ScalarType,
  toBinary,
} from '@bufbuild/protobuf';
import { protoCamelCase } from '@bufbuild/protobuf/reflect';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import type { Method } from '../../gen/lbscope/events/v1/events_pb.js';
import type { AnsweredBy, MethodCall } from '../traffic/method-call.ts';
import { complete } from './complete.ts';
import { wellKnown } from './well-known.ts';

export type Made =
  | { readonly ok: true; readonly call: MethodCall }
  /** One sentence that names the field, its value and what is allowed. */
  | { readonly ok: false; readonly reason: string };

/** From a schema and what the lane says to the bytes that its calls send, and where their answers say who answered. */
export function makeCall(files: readonly FileDescriptorProto[], spec: Method): Made {
  const [, serviceName = '', methodName = ''] = spec.path.split('/');
  const registry = registryOf(files, serviceName);
  if (typeof registry === 'string')
    return { ok: false, reason: `${at(spec)}, and its schema can't be read: ${registry}` };
  const service = registry?.getService(serviceName);
  if (service === undefined) return { ok: false, reason: `${at(spec)}: no service ${serviceName} is known` };
  const method = service.methods.find(({ name }) => name === methodName);
  if (method === undefined) {
    const known = service.methods.map(({ name }) => name).join(', ') || 'none';
    return { ok: false, reason: `${at(spec)}: allowed is a method of ${serviceName}: ${known}` };
  }
  if (method.methodKind !== 'unary') {
    const kind = method.methodKind.replace('_', ' ');
    return { ok: false, reason: `${at(spec)}: allowed is a unary method, and this one is ${kind}` };
  }
  let message: Uint8Array;
  try {
    const json = (spec.requestJson === '' ? {} : JSON.parse(spec.requestJson)) as JsonValue;
    message = toBinary(method.input, fromJson(method.input, json, { registry: registry as FileRegistry }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `lane.method.requestJson does not fit ${method.input.typeName}: ${why}` };
  }
  const answeredBy = answered(spec.answeredBy, method.output);
  if (typeof answeredBy === 'string') return { ok: false, reason: answeredBy };
  return { ok: true, call: { path: spec.path, message, answeredBy } };
}

function at({ path }: Method): string {
  return `lane.method.path is "${path}"`;
}

/** Undefined: no file has that service. */
function registryOf(told: readonly FileDescriptorProto[], service: string): FileRegistry | string | undefined {
  const files = complete(told);
  const byName = new Map(files.map((file) => [file.name, file]));
  const file = files.find(({ package: packageName, service: services }) =>
    services.some(({ name }) => (packageName === '' ? name : `${packageName}.${name}`) === service),
  );
  if (file === undefined) return undefined;
  try {
    return createFileRegistry(file, (name) => byName.get(name) ?? wellKnown.get(name));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function answered(text: string, output: DescMessage): AnsweredBy | string {
  const [kind, value = ''] = text.split(/:(.*)/s);
  switch (kind) {
    case 'header':
    case 'trailer':
      return { t: 'header', name: value.toLowerCase() };
    case 'address':
      return { t: 'address' };
    case 'field':
      return fieldPath(value, output);
    default:
      return { t: 'none' };
  }
}

function fieldPath(path: string, output: DescMessage): AnsweredBy | string {
  const said = `lane.method.answeredBy is "field:${path}"`;
  const numbers: number[] = [];
  const names = path.split('.');
  let message = output;
  for (const [index, name] of names.entries()) {
    const field: DescField | undefined = message.fields.find(
      (each) => each.name === name || each.jsonName === protoCamelCase(name),
    );
    if (field === undefined) {
      const known = message.fields.map((each) => each.name).join(', ') || 'none';
      return `${said}: allowed is a field of ${message.typeName}: ${known}`;
    }
    numbers.push(field.number);
    const last = index === names.length - 1;
    if (last && field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) return { t: 'field', numbers };
    if (last || field.fieldKind !== 'message' || field.delimitedEncoding) {
      return `${said}: allowed is a path through single messages that ends in a string, and ${message.typeName}.${name} is none`;
    }
    message = field.message;
  }
  return `${said}: allowed is a path through single messages that ends in a string`;
}
