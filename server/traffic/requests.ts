import { create, toBinary } from '@bufbuild/protobuf';
import {
  ChatHellosRequestSchema,
  CollectHellosRequestSchema,
  SayHelloRequestSchema,
  StreamHellosRequestSchema,
} from '../../gen/lbscope/greeter/v1/greeter_pb.js';
import type { RpcKind } from '../../model/words.ts';
import type { Timers } from '../events/port.ts';

const service = '/lbscope.greeter.v1.Greeter';
const name = 'lbscope';

export type EncodedCall =
  | { readonly kind: 'unary'; readonly path: string; readonly message: Uint8Array }
  | {
      readonly kind: 'stream';
      readonly path: string;
      /** Can be gone through as often as the call is tried. */
      readonly requests: readonly Uint8Array[] | AsyncIterable<Uint8Array>;
      readonly messages: number;
      /** A client stream is answered once, when all of it has come. */
      readonly answers: 'each' | 'at the end';
    };

export interface CallShape {
  readonly payloadBytes: number;
  /** Requests of a client or bidirectional stream, responses asked of a server stream. */
  readonly messages: number;
  /** Pause between two of them. */
  readonly intervalMs: number;
}

/** A call of one kind, encoded once and sent as often as the schedule says. */
export function encodeCall(
  rpc: RpcKind,
  { payloadBytes, messages, intervalMs }: CallShape,
  timers: Timers,
): EncodedCall {
  const payload = new Uint8Array(payloadBytes);
  switch (rpc) {
    case 'unary':
      return {
        kind: 'unary',
        path: `${service}/SayHello`,
        message: toBinary(SayHelloRequestSchema, create(SayHelloRequestSchema, { name, payload })),
      };
    case 'server_stream': {
      const request = create(StreamHellosRequestSchema, { name, payload, count: messages, intervalMs });
      return {
        kind: 'stream',
        path: `${service}/StreamHellos`,
        requests: [toBinary(StreamHellosRequestSchema, request)],
        messages,
        answers: 'each',
      };
    }
    case 'client_stream': {
      const request = create(CollectHellosRequestSchema, { name, payload });
      return {
        kind: 'stream',
        path: `${service}/CollectHellos`,
        requests: repeated(toBinary(CollectHellosRequestSchema, request), messages, intervalMs, timers),
        messages,
        answers: 'at the end',
      };
    }
    case 'bidi': {
      const request = create(ChatHellosRequestSchema, { name, payload });
      return {
        kind: 'stream',
        path: `${service}/ChatHellos`,
        requests: repeated(toBinary(ChatHellosRequestSchema, request), messages, intervalMs, timers),
        messages,
        answers: 'each',
      };
    }
  }
}

/** The same bytes many times over, without holding them many times. */
function repeated(
  message: Uint8Array,
  count: number,
  intervalMs: number,
  timers: Timers,
): readonly Uint8Array[] | AsyncIterable<Uint8Array> {
  if (intervalMs === 0) return new Array<Uint8Array>(count).fill(message);
  return {
    async *[Symbol.asyncIterator]() {
      for (let n = 0; n < count; n++) {
        if (n > 0) await new Promise<void>((resolve) => timers.setTimeout(resolve, intervalMs));
        yield message;
      }
    },
  };
}
