import type { UnaryRequest } from '../port.ts';
import { defaultFrameBytes } from './frames.ts';
import { encodeField, encodeFields } from './hpack/encoder.ts';
import { prefixBytes } from './message-reader.ts';
import { RequestTemplate } from './output.ts';

const nothing = new Uint8Array(0);
/** A caller has a handful of paths; whoever makes them up must not fill the memory. */
const mostPaths = 1000;

/** Header blocks of requests to one authority: made once a path, as they leave the peer's table alone. */
export class RequestHeads {
  private readonly scheme: string;
  private readonly authority: string;
  private readonly blocks = new Map<string, Uint8Array>();
  private lastTimeout = 0;
  private lastTimeoutField: Uint8Array = new Uint8Array(0);

  constructor(scheme: 'http' | 'https', authority: string) {
    this.scheme = scheme;
    this.authority = authority;
  }

  /** Undefined if that is no path of a gRPC method. */
  block(path: string): Uint8Array | undefined {
    const known = this.blocks.get(path);
    if (known !== undefined) return known;
    if (!/^\/(?:[\w.]+\.)?\w+\/\w+$/.test(path)) return undefined;
    if (this.blocks.size >= mostPaths) this.blocks.clear();
    const block = encodeFields([
      [':method', 'POST'],
      [':scheme', this.scheme],
      [':path', path],
      [':authority', this.authority],
      ['te', 'trailers'],
      ['content-type', 'application/grpc+proto'],
      ['user-agent', 'grpc-lbscope/1'],
    ]);
    this.blocks.set(path, block);
    return block;
  }

  /** Undefined: no good path, or more than fits into one frame of each kind. */
  template(request: UnaryRequest, extra: Uint8Array | undefined): RequestTemplate | undefined {
    const block = this.block(request.path);
    const { message } = request;
    if (block === undefined || prefixBytes + message.length > defaultFrameBytes) return undefined;
    const head = Buffer.concat([block, this.timeout(request.timeoutMs), extra ?? new Uint8Array(0)]);
    if (head.length > defaultFrameBytes) return undefined;
    const prefix = Buffer.alloc(prefixBytes);
    prefix.writeUInt32BE(message.length, 1);
    return new RequestTemplate(head, Buffer.concat([prefix, message]));
  }

  /** gRPC over HTTP/2: eight digits at most, here always milliseconds. Nothing for a call without a limit. */
  timeout(ms: number): Uint8Array {
    if (ms === Number.POSITIVE_INFINITY) return nothing;
    const whole = Math.min(99_999_999, Math.max(1, Math.ceil(ms) || 1));
    if (whole !== this.lastTimeout) {
      this.lastTimeout = whole;
      this.lastTimeoutField = encodeField('grpc-timeout', `${whole}m`);
    }
    return this.lastTimeoutField;
  }
}

/** Set by us or not allowed in HTTP/2 (RFC 9113, 8.2.2). */
const ours = new Set([
  'te',
  'content-type',
  'user-agent',
  'grpc-timeout',
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** The caller's own headers; a text says what is wrong with them. */
export function encodeHeaders(headers: Readonly<Record<string, string>>): Uint8Array | string {
  const fields: [string, string][] = [];
  for (const given in headers) {
    const name = given.toLowerCase();
    const value = headers[given] as string;
    if (ours.has(name)) continue;
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) return `"${given}" is not a header name`;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return `the value of "${given}" is not a header value`;
    fields.push([name, value.trim()]);
  }
  return encodeFields(fields);
}
