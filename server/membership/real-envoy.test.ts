import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { EventInit } from '../events/port.ts';
import { startTestDns } from '../process/testing/test-dns.ts';
import { EnvoyMembership } from './envoy.ts';
import { createEnvoyStatus } from './envoy-status.ts';

const fromRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const executable = (path: string | undefined) => {
  try {
    if (path) accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
};
const envoyVersion = /envoyVersion = '([\d.]+)'/.exec(
  await readFile(fromRoot('scripts/lib/envoy-wheels.mjs'), 'utf8'),
)?.[1];
const envoy = executable(process.env.ENVOY_BIN) ?? executable(fromRoot(`.cache/envoy/${envoyVersion}/envoy`));
const skip = envoy === undefined || process.platform !== 'linux';

const wait = async (check: () => boolean, what: string) => {
  const begun = performance.now();
  while (!check()) {
    if (performance.now() - begun > 17_000) throw new Error(`did not happen: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
};

function follow(host: string, port: number) {
  const events: EventInit[] = [];
  const states: string[] = [];
  const membership = new EnvoyMembership({
    laneId: 'envoy',
    address: async () => ({ host, port }),
    status: createEnvoyStatus(),
    events: { emit: (event) => events.push(event) },
    clock: { now: () => performance.timeOrigin + performance.now() },
    timers: {
      setTimeout(run, ms) {
        const timer = setTimeout(run, ms);
        return { cancel: () => clearTimeout(timer) };
      },
    },
    onState: (state, reason) => states.push(`${state} ${reason}`.trim()),
  });
  membership.start();
  // Plain data: whole events would make failures unreadable.
  const resolved = () =>
    events.flatMap((event) => (event.kind?.case === 'resolved' ? [event.kind.value.addresses?.join()] : []));
  return { membership, events, states, resolved };
}

test.skipIf(skip)(
  `follows a real Envoy through a change of DNS${skip ? ' (skipped: no Envoy here)' : ''}`,
  async () => {
    const ip = `127.${100 + (process.pid % 100)}.251.${1 + Math.floor(Math.random() * 250)}`;
    const dir = await mkdtemp(join(tmpdir(), 'lbscope-membership-'));
    const dns = await startTestDns({ addresses: ['127.1.1.1', '127.1.1.2'] });
    // The cluster's own configuration, at a place of this test's own.
    const yaml: string = parse(await readFile(fromRoot('k8s/base/envoy-config.yaml'), 'utf8')).data['envoy.yaml'];
    const config = parse(yaml.replaceAll(/\b(0\.0\.0\.0|127\.0\.0\.1)\b/g, ip));
    config.static_resources.clusters[0].typed_dns_resolver_config.typed_config.resolvers = [
      { socket_address: { address: '127.0.0.1', port_value: dns.port } },
    ];
    await writeFile(join(dir, 'envoy.json'), JSON.stringify(config));

    const { membership, events, states, resolved } = follow(ip, 9902);
    await wait(() => states.includes('unreachable connection refused'), 'no Envoy yet');
    const keeper = [fromRoot('server/process/keeper.ts'), '--', envoy as string];
    const child = spawn(
      process.execPath,
      [...keeper, '--config-path', join(dir, 'envoy.json'), '--disable-hot-restart', '--log-level', 'error'],
      { stdio: ['pipe', 'inherit', 'inherit'] },
    );
    try {
      await wait(() => resolved().at(-1) === '127.1.1.1:50051,127.1.1.2:50051', 'the first hosts');
      dns.answer = { addresses: ['127.1.1.2', '127.1.1.3'] };
      membership.hurry(8_000);
      await wait(() => resolved().at(-1) === '127.1.1.2:50051,127.1.1.3:50051', 'the hosts after the next lookup');
      const ids = events.flatMap((event) => event.resolutionId ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      expect(events.filter((event) => event.kind?.case === 'nextTrigger').at(-1)?.kind?.value).toMatchObject({
        kind: 'timer',
      });
      child.stdin?.end();
      await wait(() => states.at(-1) !== 'ok', 'Envoy gone');
    } finally {
      membership.stop();
      child.stdin?.end();
      await dns.close();
      await rm(dir, { recursive: true, force: true });
    }
  },
  40_000,
);

test('what answers there but is no Envoy is said so', async () => {
  const server = createServer((request, response) => {
    response.statusCode = request.url?.startsWith('/clusters') ? 200 : 404;
    response.end('<html>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { membership, states } = follow('127.0.0.1', (server.address() as AddressInfo).port);
  await wait(() => states.length > 0, 'a state');
  expect(states[0]).toBe('unreachable what answers there is not an Envoy');
  membership.stop();
  server.close();
});
