import { Agent, request as httpRequest } from 'node:http';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Health } from '../../../gen/grpc/health/v1/health_pb.js';
import { Greeter } from '../../../gen/lbscope/greeter/v1/greeter_pb.js';
import { PodControlService } from '../../../gen/lbscope/pod/v1/control_pb.js';
import type { Pod } from '../pod.ts';
import { testIdentity, testPod } from '../testing.ts';

let pod: Pod;
beforeEach(async () => {
  pod = await testPod();
});
afterEach(() => pod.stop());

const path = '/lbscope.greeter.v1.Greeter/SayHello';
const post = (
  body: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
  method = 'POST',
) => fetch(`http://127.0.0.1:${pod.jsonPort}${path}`, { method, headers, ...(method === 'POST' ? { body } : {}) });

function json() {
  const baseUrl = `http://127.0.0.1:${pod.jsonPort}`;
  return createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false });
}

test("Connect's own client reads the same answer as gRPC's, and both count together", async () => {
  const viaJson = await createClient(Greeter, json()).sayHello({
    name: 'Ada "the first" é',
    payload: new Uint8Array(5_000),
  });
  const viaGrpc = await createClient(
    Greeter,
    createGrpcTransport({ baseUrl: `http://127.0.0.1:${pod.port}` }),
  ).sayHello({ name: 'Ada "the first" é' });
  expect(viaJson.sequence).toBe(1);
  expect(viaGrpc.sequence).toBe(2);
  expect({ ...viaJson, sequence: 0 }).toEqual({ ...viaGrpc, sequence: 0 });
  expect(viaJson.pod).toMatchObject({ uid: testIdentity.uid, incarnation: testIdentity.incarnation });
});

test('health, and behaviour: an error rate of 1 fails the JSON call as it fails the gRPC one', async () => {
  const health = createClient(Health, json());
  expect((await health.check({})).status).toBe(1);
  const control = createClient(
    PodControlService,
    createGrpcTransport({ baseUrl: `http://127.0.0.1:${pod.controlPort}` }),
  );
  await control.setBehavior({ errorRate: 1, ready: false });
  expect((await health.check({})).status).toBe(2);
  const answer = await post('{}');
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({ code: 'unavailable', message: expect.stringContaining('told to fail') });
});

test.each([
  ['no JSON', '{', { 'content-type': 'application/json' }, 'POST', 400, 'invalid_argument'],
  ['no object', '[]', { 'content-type': 'application/json' }, 'POST', 400, 'invalid_argument'],
  ['a name that is none', '{"name":3}', { 'content-type': 'application/json' }, 'POST', 400, 'invalid_argument'],
  ['another type', '{}', { 'content-type': 'text/plain' }, 'POST', 415, 'unimplemented'],
  ['another method', '', {}, 'GET', 405, 'unimplemented'],
])('%s is refused and the connection stays usable', async (_, body, headers, method, status, code) => {
  const answer = await post(body, headers as unknown as Record<string, string>, method);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code });
  expect((await post('{}')).status).toBe(200);
});

test('a drain closes idle connections, and the others with their answer', async () => {
  const control = createClient(
    PodControlService,
    createGrpcTransport({ baseUrl: `http://127.0.0.1:${pod.controlPort}` }),
  );
  await control.setBehavior({ delayMs: 200 });
  const agent = new Agent({ keepAlive: true });
  const headers = { 'content-type': 'application/json', expect: '100-continue' };
  const request = httpRequest({ agent, port: pod.jsonPort, path, method: 'POST', headers });
  const answered = new Promise<string | undefined>((done, failed) => {
    request.on('error', failed);
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => done(`${response.statusCode} ${response.headers.connection}`));
    });
  });
  request.flushHeaders();
  // The pod has the call: a drain before that would be right to refuse it.
  await new Promise((done) => request.once('continue', done));
  request.end('{}');
  const drained = pod.drain();
  expect(await answered).toBe('200 close');
  expect(await drained).toEqual({ finished: true });
  await expect(post('{}')).rejects.toThrow();
  agent.destroy();
});
