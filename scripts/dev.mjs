// `npm run dev`: everything as `npm start` runs it, and the dashboard once more from source with hot reloading.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, root } from './lib/node.mjs';
import { fail, say } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

const devPort = process.env.LBSCOPE_DEV_PORT ?? '3010';

try {
  const { node, envoy } = await setUp();
  const supervisor = spawn(node, [join(root, 'dist', 'supervisor.mjs'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
    env: environment({ LBSCOPE_SUPERVISED: '1', LBSCOPE_DEV_PORT: devPort, ...(envoy ? { ENVOY_BIN: envoy } : {}) }),
  });
  const next = spawn('next', ['dev', '--hostname', '127.0.0.1', '--port', devPort], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment(),
  });
  say(`· The dashboard from source: http://localhost:${devPort} (the agent must be on its usual port 3001)`);
  const end = () => {
    next.kill('SIGTERM');
    supervisor.kill('SIGTERM');
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  supervisor.on('exit', (code) => {
    next.kill('SIGTERM');
    process.exit(code ?? 1);
  });
} catch (error) {
  fail(error);
}
