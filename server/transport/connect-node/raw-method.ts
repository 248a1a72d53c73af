import {
  create,
  createFileRegistry,
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  fromBinary,
  toBinary,
} from '@bufbuild/protobuf';
import { type Empty, EmptySchema, FileDescriptorProtoSchema, file_google_protobuf_empty } from '@bufbuild/protobuf/wkt';

/**
 * Connect serialises messages itself, and the transport port hands over messages that are encoded already.
 * A protobuf message keeps the fields it doesn't know, so `Empty`, which knows none, carries any message through
 * unchanged: bytes in, the same bytes out. Public API only, and nothing here needs the schema of what is called.
 */
export type RawMessage = Empty;

export function wrap(bytes: Uint8Array): RawMessage {
  return fromBinary(EmptySchema, bytes);
}

export function unwrap(message: RawMessage): Uint8Array {
  return toBinary(EmptySchema, message);
}

export type RawUnary = DescMethodUnary<typeof EmptySchema, typeof EmptySchema>;
export type RawStream = DescMethodBiDiStreaming<typeof EmptySchema, typeof EmptySchema>;

const unaryMethods = new Map<string, RawUnary>();
const streamMethods = new Map<string, RawStream>();

/** The descriptor for "/package.Service/Method"; undefined if that is no such path. Made once for each path. */
export function unaryMethod(path: string): RawUnary | undefined {
  const known = unaryMethods.get(path);
  if (known !== undefined) return known;
  const made = describe(path, false) as RawUnary | undefined;
  if (made !== undefined) unaryMethods.set(path, made);
  return made;
}

/** All kinds of streams look alike on the wire, so each is called as a bidirectional one. */
export function streamMethod(path: string): RawStream | undefined {
  const known = streamMethods.get(path);
  if (known !== undefined) return known;
  const made = describe(path, true) as RawStream | undefined;
  if (made !== undefined) streamMethods.set(path, made);
  return made;
}

function describe(path: string, streaming: boolean) {
  const parts = /^\/(?:([\w.]+)\.)?(\w+)\/(\w+)$/.exec(path);
  if (parts === null) return undefined;
  const [, packageName = '', service = '', method = ''] = parts;
  const file = create(FileDescriptorProtoSchema, {
    name: 'raw.proto',
    package: packageName,
    dependency: ['google/protobuf/empty.proto'],
    syntax: 'proto3',
    service: [
      {
        name: service,
        method: [
          {
            name: method,
            inputType: '.google.protobuf.Empty',
            outputType: '.google.protobuf.Empty',
            clientStreaming: streaming,
            serverStreaming: streaming,
          },
        ],
      },
    ],
  });
  const registry = createFileRegistry(file, () => file_google_protobuf_empty);
  return registry.getService(packageName === '' ? service : `${packageName}.${service}`)?.methods[0];
}
