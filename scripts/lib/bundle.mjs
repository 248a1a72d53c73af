// Bundles the programs with esbuild: a pod must start in a tenth of a second, and there may be a hundred of them.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './node.mjs';

const programs = {
  pod: 'server/pod/main.ts',
  ads: 'server/ads/main.ts',
  keeper: 'server/process/keeper.ts',
  lab: 'server/lab/main.ts',
  agent: 'server/main.ts',
  driver: 'server/driver/worker.ts',
  'grpc-js': 'server/driver/grpc-js-process.ts',
  'connect-node': 'server/driver/connect-node-process.ts',
  recordings: 'server/recording/thread.ts',
  supervisor: 'server/supervisor/main.ts',
  scenario: 'server/scenarios/cli/main.ts',
  'dashboard-life': 'server/supervisor/dashboard-life.ts',
};

export async function bundle() {
  const { build } = createRequire(join(root, 'package.json'))('esbuild');
  const entryPoints = Object.fromEntries(Object.entries(programs).filter(([, file]) => existsSync(join(root, file))));
  await build({
    absWorkingDir: root,
    entryPoints,
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // Names are kept and nothing is minified: stacks read well without source maps, which would cost a quarter of a gigabyte.
    keepNames: true,
    legalComments: 'none',
    logLevel: 'error',
    // CommonJS packages inside an ES module bundle still call require for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
}
