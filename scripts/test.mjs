// `npm test`: sets up everything, a browser too, and runs the whole suite. `--full` adds what takes long.
// Its last line is the count over all stages; it ends with status 1 if anything failed or a stage could not run.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBrowser } from './lib/browser.mjs';
import { environment, root } from './lib/node.mjs';
import { fail, say } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

const full = process.argv.includes('--full');
const results = join(root, '.cache', 'results');
const counts = { passed: 0, failed: 0, skipped: 0 };

function run(program, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: environment(env) });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function report(name) {
  try {
    return JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8'));
  } catch {
    return undefined;
  }
}

function add(stage, passed, failed, skipped, status) {
  // A runner that broke down counts as a failure even when no single test did.
  const broken = status !== 0 && failed === 0 ? 1 : 0;
  counts.passed += passed;
  counts.failed += failed + broken;
  counts.skipped += skipped;
  say(`· ${stage}: ${passed} passed, ${failed + broken} failed, ${skipped} skipped`);
}

try {
  const { envoy } = await setUp();
  let browser;
  try {
    browser = await ensureBrowser();
  } catch (error) {
    say(`\n${error.message}\nWhat to do: ${error.advice}`);
  }
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const env = { ...(envoy ? { ENVOY_BIN: envoy } : {}), ...(full ? { LBSCOPE_TEST_FULL: '1' } : {}) };

  say('· Checks');
  const checks = await run(process.execPath, ['scripts/check.mjs']);
  add('checks', checks === 0 ? 1 : 0, checks === 0 ? 0 : 1, 0, 0);

  say('· Unit, property and integration tests');
  const unit = await run(
    'vitest',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${join(results, 'vitest.json')}`],
    env,
  );
  const vitest = report('vitest');
  add(
    'vitest',
    vitest?.numPassedTests ?? 0,
    vitest?.numFailedTests ?? 0,
    (vitest?.numPendingTests ?? 0) + (vitest?.numTodoTests ?? 0),
    unit,
  );

  say('· End-to-end tests');
  if (browser === undefined) {
    add('end-to-end (no browser)', 0, 1, 0, 0);
  } else {
    const e2e = await run('playwright', ['test'], {
      ...env,
      LBSCOPE_CHROMIUM: browser,
      PLAYWRIGHT_JSON_OUTPUT_FILE: join(results, 'playwright.json'),
    });
    const stats = report('playwright')?.stats;
    add('end-to-end', (stats?.expected ?? 0) + (stats?.flaky ?? 0), stats?.unexpected ?? 0, stats?.skipped ?? 0, e2e);
  }

  if (full) {
    // The page keeps the figures of the run that it was written from.
    say('· Conformance with the real clients (about twelve minutes)');
    const conformance = await run(process.execPath, ['scripts/conformance.mjs', '--no-page']);
    add('conformance', conformance === 0 ? 1 : 0, conformance === 0 ? 0 : 1, 0, 0);
  }

  console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
} catch (error) {
  fail(error);
}
