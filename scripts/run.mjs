// Runs a locally installed program on the pinned Node: `node scripts/run.mjs vitest run`.
import { spawnSync } from 'node:child_process';
import { environment } from './lib/node.mjs';

const [program, ...args] = process.argv.slice(2);
if (program === undefined) {
  console.error('usage: node scripts/run.mjs PROGRAM [ARGUMENT ...]');
  process.exit(2);
}
const result = spawnSync(program, args, { stdio: 'inherit', env: environment() });
if (result.error) {
  console.error(`${program} could not be run: ${result.error.message}. Run "npm ci" first.`);
  process.exit(1);
}
process.exit(result.status ?? 1);
