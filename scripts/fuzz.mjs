// `npm run fuzz -- --minutes N [--seed S]`: fuzzes the transport's HTTP/2 session, guided by coverage.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, nodePath, root } from './lib/node.mjs';

const child = spawn(nodePath(), [join(root, 'server/transport/http2/fuzz/main.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: environment(),
});
child.on('close', (code) => process.exit(code ?? 1));
