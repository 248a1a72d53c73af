import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Handler } from '../grpc/handler.ts';
import { decodeHealthStatus, decodeHello, type Identity } from '../messages.ts';
import type { JsonMethod } from './server.ts';

const greeter = '/lbscope.greeter.v1.Greeter/SayHello';
const health = '/grpc.health.v1.Health/Check';

/** The unary methods of a pod in protobuf's JSON mapping, over the handlers that gRPC uses too. */
export function jsonMethods(
  identity: Identity,
  handlers: ReadonlyMap<string, Handler>,
): ReadonlyMap<string, JsonMethod> {
  const pod = JSON.stringify({
    uid: identity.uid,
    name: identity.name,
    ip: identity.ip,
    node: identity.node,
    version: identity.version,
    incarnation: identity.incarnation,
    startedAt: new Date(identity.startedAtMs).toISOString(),
  });
  const found = new Map<string, JsonMethod>();
  const add = (path: string, method: Omit<JsonMethod, 'handler'>) => {
    const handler = handlers.get(path);
    if (handler?.kind === 'unary') found.set(path, { handler, ...method });
  };
  add(greeter, {
    request: (json) => textInFieldOne(json, 'name'),
    response(message) {
      const { sequence, text } = decodeHello(message);
      return `{"pod":${pod},"sequence":${sequence},"message":${JSON.stringify(text)}}`;
    },
  });
  add(health, {
    request: (json) => textInFieldOne(json, 'service'),
    response: (message) => JSON.stringify({ status: decodeHealthStatus(message) === 1 ? 'SERVING' : 'NOT_SERVING' }),
  });
  return found;
}

/** Both requests hold the one text that matters in field 1; a payload is ballast. */
function textInFieldOne(json: unknown, name: string): Uint8Array {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new TypeError('the body must be an object');
  const value: unknown = Reflect.get(json, name) ?? '';
  if (typeof value !== 'string') throw new TypeError(`${name} is ${JSON.stringify(value)}: allowed is a text`);
  const writer = new BinaryWriter();
  if (value !== '') writer.tag(1, WireType.LengthDelimited).string(value);
  return writer.finish();
}
