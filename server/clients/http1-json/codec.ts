import {
  type DescMessage,
  type DescService,
  fromBinary,
  fromJsonString,
  toBinary,
  toJsonString,
} from '@bufbuild/protobuf';
import { Health } from '../../../gen/grpc/health/v1/health_pb.js';
import { Greeter } from '../../../gen/lbscope/greeter/v1/greeter_pb.js';

/** From the driver's encoded request to the JSON that is sent, and from the JSON that came to the encoded answer. */
export interface JsonCodec {
  request(message: Uint8Array): string;
  response(body: string): Uint8Array;
}

const codecs = new Map<string, JsonCodec>([...methodsOf(Greeter), ...methodsOf(Health)]);

/** Undefined for a method that is not known here, or that is no unary one. */
export function codecOf(path: string): JsonCodec | undefined {
  return codecs.get(path);
}

function methodsOf(service: DescService): [string, JsonCodec][] {
  return service.methods
    .filter(({ methodKind }) => methodKind === 'unary')
    .map(({ name, input, output }) => [`/${service.typeName}/${name}`, codec(input, output)]);
}

function codec(input: DescMessage, output: DescMessage): JsonCodec {
  // A driver sends the same bytes many times: they become JSON once.
  let known: { message: Uint8Array; json: string } | undefined;
  return {
    request(message) {
      if (known?.message !== message) known = { message, json: toJsonString(input, fromBinary(input, message)) };
      return known.json;
    },
    response: (body) => toBinary(output, fromJsonString(output, body, { ignoreUnknownFields: true })),
  };
}
