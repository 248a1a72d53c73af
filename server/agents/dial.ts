import { createClient } from '@connectrpc/connect';
import { WorkerService, type WorkRequest, type WorkResponse } from '../../gen/lbscope/worker/v1/worker_pb.js';
import type { Address } from '../transport/port.ts';
import { createTypedTransport } from '../transport/typed/index.ts';
import type { Dial } from './peer.ts';

const connectTimeoutMs = 3_000;

/** Sessions with workers, over gRPC. `token` is read for each: it may change. */
export function dialWorkers(token: (() => string | undefined) | undefined): Dial {
  return (address, requests, signal) => work(address, requests, signal, token?.());
}

async function* work(
  address: Address,
  requests: AsyncIterable<WorkRequest>,
  signal: AbortSignal,
  token: string | undefined,
): AsyncIterable<WorkResponse> {
  const transport = createTypedTransport(address, { connectTimeoutMs });
  try {
    const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    yield* createClient(WorkerService, transport).work(requests, { signal, ...(headers ? { headers } : {}) });
  } finally {
    transport.close();
  }
}
