// `npm run bench [-- NAME ...]`: the benchmarks of bench/, one after the other, on what `npm start` runs. `performance` stands for
// those that write docs/performance.md and docs/performance-driver.md.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { environment, root } from './lib/node.mjs';
import { fail, say } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

const suffix = '.bench.ts';
const performance = ['transport', 'driver', 'screen'];
/** Takes half an hour: only by its name. */
const alone = ['memory'];
const known = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));

try {
  const asked = process.argv.slice(2).flatMap((name) => (name === 'performance' ? performance : name));
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(
      `There is no benchmark ${unknown.join(', ')}; there are ${known.join(', ')}, and performance for ${performance.join(', ')}.\n`,
    );
    process.exit(2);
  }
  const { node, envoy } = await setUp();
  for (const name of asked.length > 0 ? asked : known.filter((each) => !alone.includes(each))) {
    say(`· ${name}`);
    const status = await new Promise((resolve) => {
      const child = spawn(node, [join(root, 'bench', name + suffix)], {
        cwd: root,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: environment(envoy ? { ENVOY_BIN: envoy } : {}),
      });
      child.on('error', () => resolve(1));
      child.on('close', (code) => resolve(code ?? 1));
    });
    if (status !== 0) process.exit(1);
  }
} catch (error) {
  fail(error);
}
