import type { Address, ConnectionListener, ConnectOptions, TransportFactory } from '../port.ts';
import { Http2Connection } from './connection.ts';
import { DeadlineWheel } from './deadlines.ts';

export interface Http2TransportOptions {
  /** Largest message taken from a peer; a longer one ends its call with RESOURCE_EXHAUSTED. 16 MiB and 64 KiB for what wraps it. */
  readonly maxMessageBytes?: number;
  /** Calls of one connection that may wait for the peer's MAX_CONCURRENT_STREAMS; one more is refused, never sent. 10,000. */
  readonly maxQueued?: number;
}

/** Its connections tell more than the port asks for. */
export interface Http2TransportFactory extends TransportFactory {
  connect(address: Address, options: ConnectOptions, listener: ConnectionListener): Http2Connection;
}

/** The transport port on our own HTTP/2 and gRPC framing. */
export function createHttp2Transport(options: Http2TransportOptions = {}): Http2TransportFactory {
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
