import { createServer as createH2, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { afterEach, expect, test, vi } from 'vitest';
import { PodControlService } from '../../gen/lbscope/pod/v1/control_pb.js';
import { controlPod } from './pod-control.ts';
import { quiet } from './testing/fake-api.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** A control service on a real socket that does what the test says. */
async function startControl(crash: (session: ServerHttp2Session) => void = () => {}) {
  const told: unknown[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = createH2(
    connectNodeAdapter({
      routes: (router) =>
        router.service(PodControlService, {
          getBehavior: () => ({}),
          setBehavior(request) {
            const { ready, delayMs, errorRate } = request;
            told.push({ ready, delayMs, errorRate });
            return { behavior: { ready: ready ?? true } };
          },
          async crash() {
            for (const session of sessions) crash(session);
            return {};
          },
        }),
    }),
  );
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ending.push(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as AddressInfo).port, told, sessions };
}

test('only what is given is changed, and the connection is closed afterwards', async () => {
  const { port, told, sessions } = await startControl();
  expect(await controlPod('127.0.0.1', port, { ready: false })).toEqual({ kind: 'ok' });
  expect(told).toEqual([{ ready: false, delayMs: undefined, errorRate: undefined }]);
  await vi.waitFor(() => expect(sessions.size).toBe(0), 5_000);
});

test('a crash that takes the connection along is what was asked for', async () => {
  const { port } = await startControl((session) => session.socket?.destroy());
  expect(await controlPod('127.0.0.1', port, { crash: true })).toEqual({ kind: 'ok' });
});

test('a GOAWAY while the answer is under way ends nothing', async () => {
  const { port } = await startControl((session) => session.goaway(0));
  expect(await controlPod('127.0.0.1', port, { crash: true })).toEqual({ kind: 'ok' });
  await quiet(50);
});

test('a pod that is not there did not crash', async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  expect(await controlPod('127.0.0.1', port, { crash: true })).toMatchObject({ kind: 'unreachable' });
  expect(await controlPod('127.0.0.1', port, { ready: true })).toMatchObject({ kind: 'unreachable' });
});

test('a pod that accepts and says nothing is unreachable after its limit', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  ending.push(() => new Promise((resolve) => silent.close(resolve)));
  const { port } = silent.address() as AddressInfo;
  expect(await controlPod('127.0.0.1', port, { ready: true })).toMatchObject({ kind: 'unreachable' });
});
