import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageInitShape } from '@bufbuild/protobuf';
import type { StreamResponse, Transport, UnaryResponse } from '@connectrpc/connect';
import { neverSent } from '../failure.ts';
import { createHttp2Transport } from '../http2/index.ts';
import type { Address, TlsOptions } from '../port.ts';
import { Dialer } from './dialer.ts';
import { aborted, errorOf } from './errors.ts';
import { toWire } from './headers.ts';
import { runStream } from './stream.ts';
import { runUnary } from './unary.ts';

export interface TypedTransportOptions {
  /** The `:authority` of calls; "host:port" of the address unless given. */
  readonly authority?: string;
  readonly tls?: TlsOptions;
  /** Of a call that brings none of its own; without, a call waits for as long as it takes. */
  readonly defaultTimeoutMs?: number;
  /** gRPC's connection-backoff document: 20 s. */
  readonly connectTimeoutMs?: number;
  /** HTTP/2 PING after this much silence while calls are in flight (GRPC_ARG_KEEPALIVE_TIME_MS): off, as in grpc-go. */
  readonly pingIntervalMs?: number;
  /** GRPC_ARG_KEEPALIVE_TIMEOUT_MS: 20 s. */
  readonly pingTimeoutMs?: number;
}

export interface TypedTransport extends Transport {
  /** Ends the connection and what is in flight on it; calls after that fail with `unavailable`. */
  close(): void;
}

/**
 * A Connect transport for gRPC on our own framing, so that clients generated for @connectrpc/connect work unchanged. One
 * connection to one address, made with the first call and anew when it has ended; no balancing and no retries, which are the
 * channel's. Interceptors are not supported.
 *
 * The `cause` of an error is the CallFailure, which says whether the server may have seen the call.
 */
export function createTypedTransport(address: Address, options: TypedTransportOptions = {}): TypedTransport {
  const dialer = new Dialer(createHttp2Transport(), address, {
    authority:
      options.authority ?? `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`,
    connectTimeoutMs: options.connectTimeoutMs ?? 20_000,
    pingIntervalMs: options.pingIntervalMs ?? 0,
    pingTimeoutMs: options.pingTimeoutMs ?? 20_000,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
  });
  const limitOf = (timeoutMs: number | undefined): number => {
    const ms = timeoutMs ?? options.defaultTimeoutMs ?? 0;
    // Connect's own: nothing and less mean no limit.
    return ms > 0 ? ms : Number.POSITIVE_INFINITY;
  };

  return {
    unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      header: HeadersInit | undefined,
      input: MessageInitShape<I>,
    ): Promise<UnaryResponse<I, O>> {
      return runUnary(dialer, method, signal, limitOf(timeoutMs), toWire(header), input);
    },

    async stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodStreaming<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      header: HeadersInit | undefined,
      input: AsyncIterable<MessageInitShape<I>>,
    ): Promise<StreamResponse<I, O>> {
      if (signal?.aborted === true) throw aborted(signal);
      const limitMs = limitOf(timeoutMs);
      const dialled = await dialer.dial(limitMs, signal);
      if ('failure' in dialled) throw errorOf(dialled.failure, signal);
      return runStream(dialled.connection, method, input, toWire(header), dialled.leftMs, signal);
    },

    close: () => dialer.close(neverSent('the transport is closed')),
  };
}
