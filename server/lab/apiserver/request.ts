import type { IncomingMessage } from 'node:http';
import type { Json } from '../store-port.ts';
import { decodeProtobuf } from './protobuf.ts';
import { ApiError, badRequest, unsupportedMediaType } from './status.ts';
import { parseText } from './writes.ts';

/** As the real API server: 3 MiB, which etcd would not take either. */
const mostBodyBytes = 3 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBodyBytes)
      throw new ApiError(413, 'RequestEntityTooLarge', `the body is larger than ${mostBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function contentTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The object in a body. Undefined for an empty one. */
export function decodeBody(body: Buffer, contentType: string): Json {
  if (body.length === 0) return undefined;
  if (contentType === 'application/vnd.kubernetes.protobuf') {
    const decoded = decodeProtobuf(body);
    if (decoded.ok) return decoded.object;
    // 415 makes a client that can send JSON as well do so.
    if (decoded.problem.includes('send JSON')) throw unsupportedMediaType(contentType, objectTypes.slice(0, 2));
    throw badRequest(decoded.problem);
  }
  if (contentType !== '' && !objectTypes.includes(contentType)) throw unsupportedMediaType(contentType, objectTypes);
  return parseText(body.toString('utf8'), contentType);
}

const loopbackName = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * A page that a browser loaded from elsewhere reaches loopback too: by DNS rebinding (its Host is then not loopback),
 * or by a plain cross-origin request (its Origin is not). Neither may steer the lab.
 */
export function checkHost(request: IncomingMessage): void {
  const host = request.headers.host ?? '';
  if (!loopbackName.test(host)) throw new ApiError(403, 'Forbidden', `Host "${host}" is not loopback: use 127.0.0.1`);
  const { origin } = request.headers;
  if (origin !== undefined && !loopbackName.test(origin.replace(/^https?:\/\//, '')))
    throw new ApiError(403, 'Forbidden', 'requests from pages of other origins are refused');
}
