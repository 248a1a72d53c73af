import type { TransportFactory } from '../port.ts';
import { Http2Connection } from './connection.ts';
import { DeadlineWheel } from './deadlines.ts';

export interface Http2TransportOptions {
  /** Largest message taken from a peer; a longer one ends its call with RESOURCE_EXHAUSTED. 16 MiB and 64 KiB for what wraps it. */
  readonly maxMessageBytes?: number;
  /** Calls of one connection that may wait for the peer's MAX_CONCURRENT_STREAMS; one more is refused, never sent. 10,000. */
  readonly maxQueued?: number;
}

/** The transport port on our own HTTP/2 and gRPC framing. */
export function createHttp2Transport(options: Http2TransportOptions = {}): TransportFactory {
  const own = {
    maxMessageBytes: options.maxMessageBytes ?? (16 << 20) + 65_536,
    maxQueued: options.maxQueued ?? 10_000,
    wheel: new DeadlineWheel(),
  };
  return {
    name: 'lbscope',
    connect: (address, connectOptions, listener) => new Http2Connection(address, connectOptions, own, listener),
  };
}
