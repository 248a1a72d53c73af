// `npm run scenario -- FILE.yaml | --all`: runs scenarios without a browser. Sets up what it needs, but no dashboard.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, root } from './lib/node.mjs';
import { fail } from './lib/say.mjs';
import { setUpPrograms } from './lib/setup.mjs';

try {
  const { node, envoy } = await setUpPrograms();
  const child = spawn(node, [join(root, 'dist', 'scenario.mjs'), ...process.argv.slice(2)], {
    // Names of files are meant from where the command was typed.
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment(envoy ? { ENVOY_BIN: envoy } : {}),
  });
  child.on('error', (error) => fail(error, 3));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 3));
} catch (error) {
  fail(error, 3);
}
