import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startTestDns, type TestDns } from '../../process/testing/test-dns.ts';
import { patchHaproxy, patchNginx } from './config.ts';
import { prepareProxy } from './prepare.ts';
import { findProgram } from './program.ts';

const configOf = (preset: string): string =>
  Object.values(
    parse(readFileSync(resolve(import.meta.dirname, '../../../k8s/ways-in', preset, 'config.yaml'), 'utf8')).data,
  )[0] as string;
const place = { podIP: '127.9.8.7', dnsHost: '127.0.0.1', dnsPort: 10_053, dir: '/pods/x' };

test("HAProxy: the pod's address, the lab's DNS; nothing else changes", () => {
  const before = configOf('haproxy');
  const after = patchHaproxy(before, place);
  const changed = after.split('\n').filter((line) => !before.split('\n').includes(line));
  expect(changed.map((line) => line.trim())).toEqual([
    'nameserver lab 127.0.0.1:10053',
    'bind 127.9.8.7:10000 proto h2',
    'bind 127.9.8.7:8404',
  ]);
});

test('nginx: besides, the name of an upstream becomes the addresses that it has now; without any it does not start', async () => {
  const config = configOf('nginx');
  const patched = await patchNginx(config, place, async () => ['10.0.0.1', '10.0.0.2']);
  if (!patched.ok) throw new Error(patched.reason);
  expect(patched.text).toContain('    server 10.0.0.1:50051;\n    server 10.0.0.2:50051;\n');
  expect(patched.text).toContain('pid /pods/x/nginx.pid;');
  expect(patched.text).toContain('listen 127.9.8.7:10000 http2;');
  expect(await patchNginx(config, place, async () => undefined)).toEqual({
    ok: false,
    reason: 'nginx does not start: host not found in upstream "greeter-headless.lbscope.svc.cluster.local:50051"',
  });
  const variable = await patchNginx(configOf('nginx-resolver'), place, async () => undefined);
  expect(variable).toMatchObject({ ok: true, text: expect.stringContaining('resolver 127.0.0.1:10053 valid=5s') });
});

test('a program that is not there: the reason says what to do', async () => {
  expect(await findProgram('no-such-proxy', { PATH: '/nowhere' })).toEqual({
    unavailable: true,
    reason:
      'no no-such-proxy was found on this machine: install it (Debian: apt install no-such-proxy) or set NO-SUCH-PROXY_BIN',
  });
  expect(await findProgram('haproxy', { HAPROXY_BIN: '/nowhere/haproxy' })).toMatchObject({
    reason: expect.stringContaining('HAPROXY_BIN is /nowhere/haproxy'),
  });
});

for (const name of ['haproxy', 'nginx'] as const) {
  const found = await findProgram(name, process.env);
  const missing = 'unavailable' in found ? found.reason : undefined;
  describe.skipIf(missing !== undefined)(
    `${name} itself${missing === undefined ? '' : ` (skipped: ${missing})`}`,
    () => {
      let dir: string;
      let dns: TestDns;
      beforeAll(async () => {
        dir = mkdtempSync(join(tmpdir(), `lbscope-${name}-`));
        dns = await startTestDns({ addresses: ['127.0.0.1'] });
      });
      afterAll(async () => {
        await dns?.close();
        rmSync(dir, { recursive: true, force: true });
      });
      const prepare = (config: string) =>
        prepareProxy({
          name,
          config,
          podIP: '127.0.0.1',
          dnsHost: '127.0.0.1',
          dnsPort: dns.port,
          dir,
          env: process.env,
        });

      test.for(name === 'nginx' ? ['nginx', 'nginx-resolver'] : ['haproxy'])(
        'accepts the preset %s',
        async (preset) => {
          expect(await prepare(configOf(preset))).toMatchObject({ ok: true, command: expect.stringContaining(name) });
        },
      );

      test('refuses what is none, and the reason holds its own words', async () => {
        const refused = await prepare(`${configOf(name)}\nnonsense here;\n`);
        expect(refused).toMatchObject({ ok: false, reason: expect.stringMatching(`${name} refuses.*nonsense`) });
      });
    },
  );
}
