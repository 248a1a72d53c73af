// Everything that must stand before something runs: packages, generated code, Envoy, the bundles and the dashboard.
// Each step is skipped while its inputs are unchanged, so that a second start is fast.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { command } from './command.mjs';
import { ensureEnvoy } from './envoy.mjs';
import { nodePath, pinnedNode, root } from './node.mjs';
import { StepError, say, step } from './say.mjs';
import { digest, isFresh, setFresh } from './stamp.mjs';

const oldestNode = 20;

export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < oldestNode) {
    throw new StepError(
      'Checking Node',
      `this is Node ${process.versions.node}`,
      `install Node ${oldestNode} or later; the project brings its own newer one from there.`,
    );
  }
}

export async function packages() {
  const inputs = digest(['package.json', 'package-lock.json', '.npmrc']);
  if (isFresh('packages', inputs) && existsSync(join(root, 'node_modules', '.package-lock.json'))) return;
  await step('Installing packages from the lock file (first time about a minute)', async () => {
    const npm = process.env.npm_execpath;
    const args = ['ci', '--include=dev', '--include=optional', '--no-fund', '--no-audit', '--loglevel=error'];
    const advice =
      'check that the package registry can be reached ("npm ping") and that the disk has 2 GB free, then start again.';
    if (npm?.endsWith('.js')) await command('Installing packages', process.execPath, [npm, ...args], { advice });
    else await command('Installing packages', 'npm', args, { advice });
  });
  setFresh('packages', inputs);
}

/** The pinned Node is what everything is tested on; a platform without it may still do with a new enough one of its own. */
export function checkPinnedNode() {
  if (pinnedNode() !== undefined) return;
  const major = Number(process.versions.node.split('.')[0]);
  const platform = `${process.platform}-${process.arch}`;
  if (major >= 24) say(`  no pinned Node for ${platform}: going on with Node ${process.versions.node}`);
  else
    throw new StepError(
      'Finding Node',
      `there is no pinned Node for ${platform} and Node ${process.versions.node} is too old`,
      'install Node 24 or later and start again.',
    );
}

async function generated() {
  const inputs = digest(['proto', 'buf.yaml', 'buf.gen.yaml', 'package-lock.json']);
  if (isFresh('generated', inputs) && existsSync(join(root, 'gen', 'lbscope', 'agent'))) return;
  await step('Generating code from proto/', () =>
    command('Generating code', 'buf', ['generate'], { advice: 'run "npx buf lint" to see what is wrong in proto/.' }),
  );
  setFresh('generated', inputs);
}

async function bundles() {
  const inputs = digest(['gen', 'model', 'server', 'package-lock.json', 'scripts/lib/bundle.mjs']);
  if (isFresh('bundles', inputs) && existsSync(join(root, 'dist', 'agent.mjs'))) return;
  await step('Bundling pod, lab and agent', bundle);
  setFresh('bundles', inputs);
}

async function dashboard() {
  const inputs = digest([
    'gen',
    'model',
    'components',
    'app',
    'public',
    'next.config.ts',
    'postcss.config.mjs',
    'tsconfig.json',
    'package-lock.json',
  ]);
  const standalone = join(root, '.next', 'standalone');
  if (isFresh('dashboard', inputs) && existsSync(join(standalone, 'server.js'))) return;
  await step('Building the dashboard (about half a minute)', async () => {
    rmSync(standalone, { recursive: true, force: true });
    await command('Building the dashboard', 'next', ['build'], {
      advice: 'the lines above say what does not compile.',
      env: { NODE_ENV: 'production' },
    });
    cpSync(join(root, '.next', 'static'), join(standalone, '.next', 'static'), { recursive: true });
    if (existsSync(join(root, 'public'))) cpSync(join(root, 'public'), join(standalone, 'public'), { recursive: true });
  });
  setFresh('dashboard', inputs);
}

async function envoy() {
  const found = await ensureEnvoy({ log: (line) => say(`  ${line}`) });
  if (found.reason !== undefined)
    say(`  no Envoy here: ${found.reason} The Envoy lane will say so; everything else runs.`);
  return found;
}

/** Packages and generated code: enough for checks and for tools. */
export async function prepare() {
  checkNode();
  await packages();
  checkPinnedNode();
  await generated();
}

/** The parts that an image holds, from packages that are installed already. */
export async function buildParts() {
  await generated();
  await bundles();
  await dashboard();
}

/** Everything but the dashboard: enough to run scenarios. Resolves with Envoy's path, if there is one. */
export async function setUpPrograms() {
  await prepare();
  const found = await envoy();
  await bundles();
  return { envoy: found.path, node: nodePath() };
}

/** Everything that `npm start` needs. */
export async function setUp() {
  const programs = await setUpPrograms();
  await dashboard();
  return programs;
}
