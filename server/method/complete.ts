import { clone } from '@bufbuild/protobuf';
import { protoCamelCase } from '@bufbuild/protobuf/reflect';
import { type DescriptorProto, type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { wellKnown } from './well-known.ts';

/**
 * Schemas as servers tell them, completed: names of types are made whole (descriptor.proto allows names without a leading dot,
 * found by the scoping rules of C++), and a file imports what it uses. @grpc/reflection of Node tells both only in part, as
 * protobufjs, which it is made from, knows namespaces and no files.
 */
export function complete(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const definedIn = new Map<string, string>();
  for (const file of [...[...wellKnown.values()].map(({ proto }) => proto), ...files]) {
    for (const name of typesOf(file)) definedIn.set(name, file.name);
  }
  const completed = files.map((file) => clone(FileDescriptorProtoSchema, file));
  for (const file of completed) {
    const uses = new Set<string>();
    const whole = (name: string, scope: string): string => {
      const full = name === '' ? '' : resolve(name, scope, definedIn);
      const from = full === undefined ? undefined : definedIn.get(full.slice(1));
      if (from !== undefined && from !== file.name) uses.add(from);
      return full ?? name;
    };
    const visit = (message: DescriptorProto, scope: string): void => {
      const path = join(scope, message.name);
      for (const field of [...message.field, ...message.extension]) {
        field.typeName = whole(field.typeName, path);
        field.extendee = whole(field.extendee, path);
        // protoc fills it in; others leave it out.
        if (field.jsonName === '') field.jsonName = protoCamelCase(field.name);
      }
      for (const nested of message.nestedType) visit(nested, path);
    };
    for (const message of file.messageType) visit(message, file.package);
    for (const field of file.extension) {
      field.typeName = whole(field.typeName, file.package);
      field.extendee = whole(field.extendee, file.package);
    }
    for (const service of file.service) {
      for (const method of service.method) {
        method.inputType = whole(method.inputType, join(file.package, service.name));
        method.outputType = whole(method.outputType, join(file.package, service.name));
      }
    }
    for (const name of uses) if (!imports(file, name, completed)) file.dependency.push(name);
  }
  return completed;
}

/** With a leading dot; undefined: nothing known has that name. */
function resolve(name: string, scope: string, known: ReadonlyMap<string, string>): string | undefined {
  if (name.startsWith('.')) return name;
  for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
    const full = join(outer, name);
    if (known.has(full)) return `.${full}`;
    if (outer === '') return undefined;
  }
}

/** Whether a file imports another, be it through others. */
function imports(file: FileDescriptorProto, name: string, files: readonly FileDescriptorProto[]): boolean {
  const seen = new Set<string>();
  const ahead = [...file.dependency];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (next === name) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    ahead.push(...(files.find((each) => each.name === next)?.dependency ?? []));
  }
  return false;
}

function typesOf(file: FileDescriptorProto): string[] {
  const of = (message: DescriptorProto, scope: string): string[] => {
    const path = join(scope, message.name);
    return [
      path,
      ...message.enumType.map(({ name }) => join(path, name)),
      ...message.nestedType.flatMap((nested) => of(nested, path)),
    ];
  };
  return [
    ...file.messageType.flatMap((message) => of(message, file.package)),
    ...file.enumType.map(({ name }) => join(file.package, name)),
  ];
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
