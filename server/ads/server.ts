import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import {
  AggregatedDiscoveryService,
  type DiscoveryRequest,
  type DiscoveryResponse,
} from '../../gen/envoy/service/discovery/v3/ads_pb.js';
import type { Endpoints } from './endpoints.ts';
import { type Heard, Subscription } from './subscription.ts';

export interface AdsOptions {
  readonly endpoints: Endpoints;
  readonly host: string;
  readonly port: number;
  readonly onHeard: (node: string, heard: Heard) => void;
}

export interface Ads {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves Envoy's aggregated discovery over HTTP/2 without TLS. */
export async function startAds(options: AdsOptions): Promise<Ads> {
  const ending = new AbortController();
  const server = createServer(
    connectNodeAdapter({
      routes: (router) =>
        router.service(AggregatedDiscoveryService, {
          streamAggregatedResources: (requests, context) =>
            follow(requests, options, AbortSignal.any([context.signal, ending.signal])),
        }),
    }),
  );
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  await listening(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      ending.abort();
      return new Promise((done) => {
        server.close(() => done());
        for (const session of sessions) session.close();
        setTimeout(() => {
          for (const session of sessions) session.destroy();
        }, 500).unref();
      });
    },
  };
}

function listening(server: Http2Server, { port, host }: AdsOptions): Promise<void> {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, done);
  });
}

/** Requests and changes both wake it; what is to be sent is asked of the subscription. */
async function* follow(
  requests: AsyncIterable<DiscoveryRequest>,
  { endpoints, onHeard }: AdsOptions,
  signal: AbortSignal,
): AsyncGenerator<DiscoveryResponse> {
  const subscription = new Subscription();
  let over = false;
  let wake = () => {};
  let woken = false;
  const stir = () => {
    woken = true;
    wake();
  };
  const unsubscribe = endpoints.onChange(stir);
  signal.addEventListener('abort', stir);
  const reading = (async () => {
    let node = '';
    for await (const request of requests) {
      // Envoy names itself in the first request of a stream only.
      node = request.node?.id || node;
      onHeard(node, subscription.hear(request));
      stir();
    }
  })().then(
    () => {
      over = true;
      stir();
    },
    // The stream broke: it is over for both directions.
    () => {
      over = true;
      stir();
    },
  );
  try {
    while (!over && !signal.aborted) {
      woken = false;
      const response = endpoints.snapshot === undefined ? undefined : subscription.next(endpoints.snapshot);
      if (response !== undefined) {
        yield response;
        continue;
      }
      if (woken) continue;
      await new Promise<void>((done) => {
        wake = done;
      });
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', stir);
  }
  if (!signal.aborted) await reading;
}
