// `npm start`: sets up everything and runs the main job. Plain JavaScript for Node 20 without dependencies:
// this file runs before anything is installed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, root } from './lib/node.mjs';
import { fail, say } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

try {
  const { node, envoy } = await setUp();
  say('· Starting');
  const child = spawn(node, [join(root, 'dist', 'supervisor.mjs'), ...process.argv.slice(2)], {
    cwd: root,
    // The supervisor ends when this pipe closes: killing this process leaves nothing behind.
    stdio: ['pipe', 'inherit', 'inherit'],
    // A process group of its own: ctrl-C reaches this process, which passes it on once.
    detached: true,
    env: environment({ LBSCOPE_SUPERVISED: '1', ...(envoy ? { ENVOY_BIN: envoy } : {}) }),
  });
  child.on('error', (error) => fail(error));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal));
  child.on('exit', (code, signal) => {
    if (signal) process.stderr.write(`lbscope's supervisor was ended by ${signal}; everything it ran ends with it.\n`);
    process.exit(code ?? 1);
  });
} catch (error) {
  fail(error);
}
