import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflection as V1,
} from '../../gen/grpc/reflection/v1/reflection_pb.js';
import {
  type ServerReflectionResponse as AlphaResponse,
  ServerReflection as V1Alpha,
} from '../../gen/grpc/reflection/v1alpha/reflection_pb.js';
import { wellKnown } from './well-known.ts';

export type Reflected =
  | { readonly ok: true; readonly files: readonly FileDescriptorProto[] }
  /** `unknown`: the server speaks reflection and knows no such symbol. */
  | { readonly ok: false; readonly unknown: boolean; readonly reason: string };

type Question = Extract<ServerReflectionRequest['messageRequest'], { case: 'fileByFilename' | 'fileContainingSymbol' }>;
type Ask = (question: Question) => AsyncIterable<ServerReflectionResponse | AlphaResponse>;

/** A schema with more files than this is no schema of a service, but a server that invents names. */
const mostFiles = 1_000;

/** The file with that service and all that it imports: by grpc.reflection.v1, or v1alpha where the server knows only that. */
export async function reflect(transport: Transport, service: string): Promise<Reflected> {
  const v1 = createClient(V1, transport);
  const alpha = createClient(V1Alpha, transport);
  const asks: Ask[] = [
    (messageRequest) => v1.serverReflectionInfo(once({ messageRequest })),
    (messageRequest) => alpha.serverReflectionInfo(once({ messageRequest })),
  ];
  for (const ask of asks) {
    try {
      return await collect(ask, service);
    } catch (error) {
      const { code, rawMessage } = ConnectError.from(error);
      if (code !== Code.Unimplemented) return { ok: false, unknown: false, reason: rawMessage };
    }
  }
  return { ok: false, unknown: false, reason: 'it has no reflection (neither grpc.reflection.v1 nor v1alpha)' };
}

async function collect(ask: Ask, service: string): Promise<Reflected> {
  const files = new Map<string, FileDescriptorProto>();
  const wanted: Question[] = [{ case: 'fileContainingSymbol', value: service }];
  const asked = new Set<string>();
  for (let question = wanted.shift(); question !== undefined; question = wanted.shift()) {
    if (question.case === 'fileByFilename' && files.has(question.value)) continue;
    for await (const { messageResponse } of ask(question)) {
      if (messageResponse.case === 'errorResponse') {
        const { errorCode, errorMessage } = messageResponse.value;
        return { ok: false, unknown: errorCode === Code.NotFound, reason: errorMessage || Code[errorCode] || '' };
      }
      if (messageResponse.case !== 'fileDescriptorResponse') continue;
      for (const bytes of messageResponse.value.fileDescriptorProto) {
        const file = fromBinary(FileDescriptorProtoSchema, bytes);
        files.set(file.name, file);
      }
    }
    if (files.size > mostFiles)
      return { ok: false, unknown: false, reason: `it tells of more than ${mostFiles} files` };
    for (const name of [...files.values()].flatMap(({ dependency }) => dependency)) {
      if (files.has(name) || wellKnown.has(name) || asked.has(name)) continue;
      asked.add(name);
      wanted.push({ case: 'fileByFilename', value: name });
    }
  }
  return { ok: true, files: [...files.values()] };
}

async function* once<T>(request: T): AsyncGenerator<T> {
  yield request;
}
