import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ActionTarget, deletePod, restartRollout, scale } from './actions.ts';
import { createApi } from './http.ts';
import { type FakeApi, json, startFakeApi, status } from './testing/fake-api.ts';

let server: FakeApi;
let target: ActionTarget;

beforeEach(async () => {
  server = await startFakeApi();
  const api = createApi({ server: server.url, credentials: async () => ({ headers: {}, tls: {} }) });
  target = { api, namespace: 'ns', deployment: 'greeter' };
  server.on(() => (_a, response) => json(response, 200, { kind: 'Status', status: 'Success' }));
});

afterEach(async () => {
  target.api.close();
  await server.close();
});

const last = () => {
  const { method, path, headers, body } = server.asked.at(-1)!;
  return { method, path, type: headers['content-type'], body: JSON.parse(body) };
};

test('scale: a merge patch on the scale subresource, never on the Deployment', async () => {
  expect(await scale(target, 5)).toEqual({ kind: 'ok' });
  expect(last()).toEqual({
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/ns/deployments/greeter/scale',
    type: 'application/merge-patch+json',
    body: { spec: { replicas: 5 } },
  });
});

test('delete: the UID is a precondition; grace only where it was asked for', async () => {
  await deletePod(target, { name: 'p', uid: 'u' }, undefined);
  expect(last()).toMatchObject({ method: 'DELETE', path: '/api/v1/namespaces/ns/pods/p' });
  expect(last().body).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'u' } });
  await deletePod(target, { name: 'p', uid: 'u' }, 0);
  expect(last().body.gracePeriodSeconds).toBe(0);
});

test('rollout restart: the annotation that kubectl writes', async () => {
  const at = new Date('2026-01-02T03:04:05.678Z');
  expect(await restartRollout(target, at)).toEqual({ kind: 'ok' });
  expect(last().body.spec.template.metadata.annotations).toEqual({
    'kubectl.kubernetes.io/restartedAt': '2026-01-02T03:04:05.678Z',
  });
});

test.each([
  [404, 'not_found'],
  [403, 'forbidden'],
  [401, 'forbidden'],
  [409, 'conflict'],
  [429, 'unreachable'],
  [503, 'unreachable'],
  [422, 'refused'],
])('%i is %s', async (code, kind) => {
  server.on(() => status(code));
  expect(await scale(target, 1)).toMatchObject({ kind });
});

test('a refusal names verb and resource, and never who asked', async () => {
  server.on(() => status(403, 'User "system:serviceaccount:x" cannot patch'));
  expect(await scale(target, 1)).toEqual({ kind: 'forbidden', verb: 'patch', resource: 'deployments/scale' });
});

test('what is no Status is never handed on', async () => {
  server.on(() => (_a, response) => {
    response.writeHead(500, { 'content-type': 'text/html' });
    response.end('<h1>secret</h1>');
  });
  expect(JSON.stringify(await scale(target, 1))).not.toContain('secret');
});

test('nobody there', async () => {
  await server.close();
  expect(await scale(target, 1)).toEqual({ kind: 'unreachable', message: 'connection refused' });
  server = await startFakeApi();
});

test('a request that hangs ends by its own limit', async () => {
  server.on(() => 'hang');
  const answer = await target.api.request('GET', '/version', { timeoutMs: 50 });
  expect(answer).toEqual({ kind: 'unreachable', message: 'no answer within 0.05 s' });
});

test('credentials that hang end by the same limit', async () => {
  const api = createApi({ server: server.url, credentials: () => new Promise(() => {}) });
  expect(await api.request('GET', '/version', { timeoutMs: 50 })).toMatchObject({ kind: 'unreachable' });
  api.close();
});
