import { create, toBinary } from '@bufbuild/protobuf';
import {
  ChatHellosRequestSchema,
  CollectHellosRequestSchema,
  SayHelloRequestSchema,
  StreamHellosRequestSchema,
} from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import type { RpcKind } from '../../model/words.ts';

const service = '/lbscope.greeter.v1.Greeter';
const name = 'lbscope';

export type EncodedCall =
  | { readonly kind: 'unary'; readonly path: string; readonly message: Uint8Array }
  | { readonly kind: 'stream'; readonly path: string; readonly requests: readonly Uint8Array[] };

/**
 * A call of one kind, encoded once and sent as often as the schedule says.
 * `messages`: requests of a client or bidirectional stream, responses asked of a server stream.
 */
export function encodeCall(rpc: RpcKind, payloadBytes: number, messages: number): EncodedCall {
  const payload = new Uint8Array(payloadBytes);
  switch (rpc) {
    case 'unary':
      return {
        kind: 'unary',
        path: `${service}/SayHello`,
        message: toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name, payload })),
      };
    case 'server_stream': {
      const request = create(StreamHellosRequestSchema, { name, payload, count: messages });
      return {
        kind: 'stream',
        path: `${service}/StreamHellos`,
        requests: [toBinary(StreamHellosRequestSchema, request)],
      };
    }
    case 'client_stream': {
      const request = create(CollectHellosRequestSchema, { name, payload });
      return {
        kind: 'stream',
        path: `${service}/CollectHellos`,
        requests: repeated(toBinary(CollectHellosRequestSchema, request), messages),
      };
    }
    case 'bidi': {
      const request = create(ChatHellosRequestSchema, { name, payload });
      return {
        kind: 'stream',
        path: `${service}/ChatHellos`,
        requests: repeated(toBinary(ChatHellosRequestSchema, request), messages),
      };
    }
  }
}

/** The same bytes many times over, without holding them many times. */
function repeated(message: Uint8Array, count: number): Uint8Array[] {
  return new Array<Uint8Array>(count).fill(message);
}
