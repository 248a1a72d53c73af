import type { TransportFactory } from '../port.ts';
import { ConnectNodeConnection } from './connection.ts';

export interface ConnectNodeOptions {
  /**
   * Memory of one session in megabytes; beyond it node:http2 answers ENHANCE_YOUR_CALM. Node's default of 10 is reached
   * by a few large payloads at once; 256 holds 16 of the largest (16 MiB).
   */
  readonly maxSessionMemoryMb?: number;
}

/** The transport port on @connectrpc/connect-node's gRPC transport. */
export function createConnectNodeTransport(options: ConnectNodeOptions = {}): TransportFactory {
  const maxSessionMemoryMb = options.maxSessionMemoryMb ?? 256;
  return {
    name: 'connect-node',
    connect: (address, connectOptions, listener) =>
      new ConnectNodeConnection(address, connectOptions, maxSessionMemoryMb, listener),
  };
}
