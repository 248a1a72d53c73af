import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  isMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';

/** A method's path, and its messages to and from bytes. */
export interface Codec<I extends DescMessage, O extends DescMessage> {
  readonly path: string;
  encode(input: MessageInitShape<I>): Uint8Array;
  decode(bytes: Uint8Array): MessageShape<O>;
}

const known = new WeakMap<DescMethod, Codec<DescMessage, DescMessage>>();

export function codecOf<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
): Codec<I, O> {
  let codec = known.get(method) as Codec<I, O> | undefined;
  if (codec === undefined) {
    codec = codecFor(method);
    known.set(method, codec as unknown as Codec<DescMessage, DescMessage>);
  }
  return codec;
}

function codecFor<I extends DescMessage, O extends DescMessage>(
  method: DescMethod & { readonly input: I; readonly output: O },
): Codec<I, O> {
  const { input, output } = method;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    encode(message) {
      try {
        return toBinary(input, isMessage(message, input) ? message : create(input, message));
      } catch (error) {
        throw ConnectError.from(error, Code.Internal);
      }
    },
    decode(bytes) {
      try {
        return fromBinary(output, bytes);
      } catch (error) {
        // As Connect's own transports say it.
        throw ConnectError.from(error, Code.InvalidArgument);
      }
    },
  };
}
