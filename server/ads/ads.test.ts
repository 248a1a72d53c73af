import { create } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { afterEach, expect, test } from 'vitest';
import { ClusterLoadAssignmentSchema } from '../../gen/envoy/config/endpoint/v3/endpoint_pb.js';
import {
  AggregatedDiscoveryService,
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from '../../gen/envoy/service/discovery/v3/ads_pb.js';
import { Endpoints } from './endpoints.ts';
import { type Ads, startAds } from './server.ts';
import { readSettings } from './settings.ts';
import { endpointsType, type Heard, Subscription } from './subscription.ts';

const request = (more: Omit<Partial<DiscoveryRequest>, '$typeName' | '$unknown'> = {}) =>
  create(DiscoveryRequestSchema, { typeUrl: endpointsType, resourceNames: ['greeter'], ...more });
const a = { host: '10.0.0.1', port: 1 };
const b = { host: '10.0.0.10', port: 1 };
const hostsOf = (response: DiscoveryResponse | undefined): string[] =>
  (response?.resources ?? []).flatMap((any) =>
    (anyUnpack(any, ClusterLoadAssignmentSchema)?.endpoints ?? []).flatMap(({ lbEndpoints }) =>
      lbEndpoints.map((each) => {
        const socket = each.hostIdentifier.value?.address?.address.value;
        return `${socket?.address}:${socket?.portSpecifier.value}`;
      }),
    ),
  );

function world() {
  const endpoints = new Endpoints('greeter', 'e');
  const subscription = new Subscription();
  return { endpoints, subscription, next: () => endpoints.snapshot && subscription.next(endpoints.snapshot) };
}

test('what was asked for comes once, and a change comes after the acknowledgement, as its latest state', () => {
  const { endpoints, subscription, next } = world();
  expect(subscription.hear(request())).toMatchObject({ t: 'subscribed', names: ['greeter'] });
  expect(next()).toBeUndefined();
  endpoints.set([b, a]);
  const first = next();
  expect(hostsOf(first)).toEqual(['10.0.0.1:1', '10.0.0.10:1']);
  expect(first).toMatchObject({ versionInfo: 'e.1', nonce: '1', typeUrl: endpointsType });
  endpoints.set([a]);
  endpoints.set([]);
  expect(next()).toBeUndefined();
  expect(subscription.hear(request({ responseNonce: '1', versionInfo: 'e.1' }))).toEqual({ t: 'ack', version: 'e.1' });
  const second = next();
  expect(hostsOf(second)).toEqual([]);
  expect(second).toMatchObject({ versionInfo: 'e.3', nonce: '2' });
  subscription.hear(request({ responseNonce: '2', versionInfo: 'e.3' }));
  expect(next()).toBeUndefined();
  expect(endpoints.set([])).toBe(false);
});

test('a refused version is not sent again; the next one is', () => {
  const { endpoints, subscription, next } = world();
  endpoints.set([a]);
  subscription.hear(request());
  next();
  const refused = request({
    responseNonce: '1',
    errorDetail: { $typeName: 'google.rpc.Status', code: 3, message: 'no' },
  });
  expect(subscription.hear(refused)).toEqual({ t: 'nack', version: 'e.1', message: 'no' });
  expect(next()).toBeUndefined();
  endpoints.set([a, b]);
  expect(next()).toMatchObject({ versionInfo: 'e.2', nonce: '2' });
});

test('overtaken nonces and foreign types are ignored; other names are answered anew, unknown ones with nothing', () => {
  const { endpoints, subscription, next } = world();
  endpoints.set([a]);
  expect(subscription.hear(request({ typeUrl: 'type.googleapis.com/x.Y' }))).toMatchObject({ t: 'ignored' });
  expect(next()).toBeUndefined();
  subscription.hear(request());
  next();
  expect(subscription.hear(request({ responseNonce: '7' }))).toMatchObject({ t: 'ignored' });
  expect(next()).toBeUndefined();
  expect(subscription.hear(request({ responseNonce: '1', resourceNames: ['other'] }))).toMatchObject({
    t: 'subscribed',
  });
  expect(next()?.resources).toEqual([]);
});

let ads: Ads | undefined;
afterEach(() => ads?.close());

test('over a socket: two Envoys hear of a change, and one that leaves does not disturb the other', async () => {
  const endpoints = new Endpoints('greeter', 'e');
  endpoints.set([a]);
  const heard: Heard[] = [];
  ads = await startAds({ endpoints, host: '127.0.0.1', port: 0, onHeard: (_, each) => void heard.push(each) });
  const baseUrl = `http://127.0.0.1:${ads.port}`;
  const managers: Http2SessionManager[] = [];
  const envoy = () => {
    const sessionManager = new Http2SessionManager(baseUrl);
    managers.push(sessionManager);
    const client = createClient(AggregatedDiscoveryService, createGrpcTransport({ baseUrl, sessionManager }));
    const got: string[][] = [];
    const stop = new AbortController();
    let answer: (request: DiscoveryRequest) => void = () => {};
    const requests = (async function* () {
      yield request();
      for (;;) yield await new Promise<DiscoveryRequest>((done) => (answer = done));
    })();
    const running = (async () => {
      for await (const response of client.streamAggregatedResources(requests, { signal: stop.signal })) {
        got.push(hostsOf(response));
        answer(request({ responseNonce: response.nonce, versionInfo: response.versionInfo }));
      }
    })().catch(() => {});
    return { got, stop: () => stop.abort(), running };
  };
  const one = envoy();
  const two = envoy();
  await expect.poll(() => [one.got.length, two.got.length]).toEqual([1, 1]);
  await expect.poll(() => heard.filter(({ t }) => t === 'ack').length).toBe(2);
  one.stop();
  await one.running;
  endpoints.set([a, b]);
  await expect.poll(() => two.got).toEqual([['10.0.0.1:1'], ['10.0.0.1:1', '10.0.0.10:1']]);
  expect(one.got).toHaveLength(1);
  two.stop();
  for (const manager of managers) manager.abort();
});

test('settings: defaults, a port by number, and all faults at once', () => {
  expect(readSettings({ SERVICE_PORT: '50051' })).toMatchObject({
    ok: true,
    settings: { servicePort: 50_051, port: 18_000 },
  });
  const parsed = readSettings({ SERVICE: 'Bad Name', PORT: '-1' });
  expect(parsed.ok ? [] : parsed.faults).toEqual([
    expect.stringContaining('PORT is "-1"'),
    expect.stringContaining('SERVICE is "Bad Name"'),
  ]);
});
