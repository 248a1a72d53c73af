import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectKube, type KubeOptions } from './connect.ts';
import { type FakeApi, json, startFakeApi } from './testing/fake-api.ts';

let server: FakeApi;
let folder: string;

beforeEach(async () => {
  server = await startFakeApi();
  server.on(() => (_a, response) => json(response, 200, {}));
  folder = mkdtempSync(join(tmpdir(), 'lbscope-kube-'));
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function ask(options: KubeOptions) {
  const found = connectKube(options);
  if (found.kind === 'fault') throw new Error(found.message);
  const api = found.connect();
  const answer = await api.request('GET', '/version', { timeoutMs: 2_000 });
  api.close();
  return { found, answer, asked: server.asked.at(-1) };
}

function kubeconfig(url: string): string {
  const path = join(folder, 'config');
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'k', cluster: { server: url } }],
      users: [{ name: 'u', user: { token: 'from-file' } }],
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'there' } }],
    }),
  );
  return path;
}

test('a plain URL, with a token', async () => {
  const { answer, asked } = await ask({ server: `${server.url}/`, token: 't' });
  expect(answer.kind).toBe('ok');
  expect(asked?.headers.authorization).toBe('Bearer t');
  expect(asked?.path).toBe('/version');
});

test('a kubeconfig: plain http works, token and namespace are its own', async () => {
  const { found, answer, asked } = await ask({ kubeconfig: kubeconfig(server.url) });
  expect(answer.kind).toBe('ok');
  expect(found).toMatchObject({ namespace: 'there' });
  expect(asked?.headers.authorization).toBe('Bearer from-file');
});

test('a server behind a path keeps it', async () => {
  expect((await ask({ server: `${server.url}/k8s/clusters/c-1` })).asked?.path).toBe('/k8s/clusters/c-1/version');
  const viaFile = await ask({ kubeconfig: kubeconfig(`${server.url}/k8s/clusters/c-2/`) });
  expect(viaFile.asked?.path).toBe('/k8s/clusters/c-2/version');
});

test('faults are sentences', () => {
  expect(connectKube({ server: 'not a url' })).toMatchObject({ kind: 'fault' });
  expect(connectKube({ kubeconfig: join(folder, 'none') })).toMatchObject({ kind: 'fault' });
  writeFileSync(join(folder, 'bad'), ': : :');
  expect(connectKube({ kubeconfig: join(folder, 'bad') })).toMatchObject({ kind: 'fault' });
});
