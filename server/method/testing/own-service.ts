import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type DescFile, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  file_grpc_health_v1_health,
  Health,
  HealthCheckResponse_ServingStatus,
} from '../../../gen/grpc/health/v1/health_pb.js';
import { ServerReflection as V1 } from '../../../gen/grpc/reflection/v1/reflection_pb.js';
import { ServerReflection as V1Alpha } from '../../../gen/grpc/reflection/v1alpha/reflection_pb.js';
import { file_lbscope_greeter_v1_greeter, Greeter } from '../../../gen/lbscope/greeter/v1/greeter_pb.js';

/** For tests: a server with the health service and a greeter, that bears a name; with reflection of a kind, or none. */
export async function startOwnService(
  name: string,
  host: string,
  port = 0,
  reflection: 'v1' | 'v1alpha' | 'none' = 'v1',
) {
  const known = new Map<string, DescFile>();
  const note = (file: DescFile): void => {
    known.set(`${file.name}.proto`, file);
    for (const dependency of file.dependencies) note(dependency);
  };
  for (const file of [file_grpc_health_v1_health, file_lbscope_greeter_v1_greeter]) note(file);
  let asked = 0;
  const answer = (question: { case?: string; value?: unknown }) => {
    asked += 1;
    const file =
      question.case === 'fileByFilename'
        ? known.get(String(question.value))
        : [...known.values()].find((each) =>
            each.proto.service.some((service) => `${each.proto.package}.${service.name}` === question.value),
          );
    if (file === undefined) {
      const value = { errorCode: Code.NotFound, errorMessage: `${question.value} is not here` };
      return { messageResponse: { case: 'errorResponse' as const, value } };
    }
    // One file at a time, as some servers do: what it imports must be asked for.
    const value = { fileDescriptorProto: [toBinary(FileDescriptorProtoSchema, file.proto)] };
    return { messageResponse: { case: 'fileDescriptorResponse' as const, value } };
  };
  const handler = connectNodeAdapter({
    routes: (router) => {
      router.service(Health, {
        check: ({ service }, context) => {
          context.responseHeader.set('served-by', name);
          context.responseTrailer.set('served-by-trailer', name);
          if (service === 'broken') throw new ConnectError('no such service', Code.NotFound);
          return { status: HealthCheckResponse_ServingStatus.SERVING };
        },
      });
      router.service(Greeter, { sayHello: () => ({ pod: { uid: 'not looked at', name } }) });
      if (reflection === 'v1') {
        router.service(V1, {
          async *serverReflectionInfo(requests) {
            for await (const { messageRequest } of requests) yield answer(messageRequest);
          },
        });
      }
      if (reflection === 'v1alpha') {
        router.service(V1Alpha, {
          async *serverReflectionInfo(requests) {
            for await (const { messageRequest } of requests) yield answer(messageRequest);
          },
        });
      }
    },
  });
  const server = createServer(handler);
  await new Promise<void>((done) => server.listen(port, host, done));
  return {
    port: (server.address() as AddressInfo).port,
    get asked() {
      return asked;
    },
    close: () => server.close(),
  };
}
