// Lays out what the container image holds, in the folder given: `node scripts/image.mjs FOLDER`. Needs installed packages.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './lib/node.mjs';
import { fail, say } from './lib/say.mjs';
import { buildParts } from './lib/setup.mjs';

/** Bundles that only a laptop runs: in a cluster Kubernetes does what they do. */
const left = ['keeper.mjs', 'lab.mjs', 'scenario.mjs', 'supervisor.mjs'];

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: node scripts/image.mjs FOLDER\n');
  process.exit(2);
}

try {
  await buildParts();
  const target = resolve(folder);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'dist'), { recursive: true });
  cpSync(join(root, 'bin', 'lbscope.mjs'), join(target, 'lbscope.mjs'));
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  for (const file of readdirSync(join(root, 'dist'))) {
    if (!left.includes(file)) cpSync(join(root, 'dist', file), join(target, 'dist', file));
  }
  // The agent prints, or applies, the objects of presets.
  cpSync(join(root, 'k8s', 'ways-in'), join(target, 'k8s', 'ways-in'), { recursive: true });
  cpSync(join(root, 'scenarios'), join(target, 'scenarios'), { recursive: true });
  cpSync(join(root, '.next', 'standalone'), join(target, 'dashboard'), { recursive: true, verbatimSymlinks: true });
  withoutRandomKeys(join(target, 'dashboard', '.next'));
  for (const entry of readdirSync(target)) say(`  ${entry}: ${(bytes(join(target, entry)) / 1e6).toFixed(1)} MB`);
} catch (error) {
  fail(error);
}

function bytes(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, each) => sum + bytes(join(path, each)), 0);
}

/**
 * Next draws keys for previews and server actions in each build and writes them beside the pages. lbscope has neither, so
 * the keys open nothing; drawn anew they would make two builds of one commit differ. Zeros say that there is no secret here.
 */
function withoutRandomKeys(next) {
  const files = [
    'prerender-manifest.json',
    'server/preview-props.json',
    'server/server-reference-manifest.json',
    'server/server-reference-manifest.js',
  ];
  for (const file of files) {
    const path = join(next, file);
    const text = readFileSync(path, 'utf8')
      .replace(/("previewMode\w+": ?")[0-9a-f]+(")/g, (_, name, end) => name + '0'.repeat(64) + end)
      .replace(
        /(\\?"encryptionKey\\?": ?\\?")[A-Za-z0-9+/=]+(\\?")/g,
        (_, name, end) => `${name}${'A'.repeat(43)}=${end}`,
      );
    writeFileSync(path, text);
  }
}
