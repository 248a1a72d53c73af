// `npm run conformance [-- --only grpc-js,grpc-go] [-- --render]`: our profiles beside the real clients; writes docs/conformance.md.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, root } from './lib/node.mjs';
import { buildPeers } from './lib/peers.mjs';
import { fail } from './lib/say.mjs';
import { setUpPrograms } from './lib/setup.mjs';

try {
  const { node } = await setUpPrograms();
  const peers = process.argv.includes('--render') ? { absent: {} } : await buildPeers();
  const child = spawn(node, [join(root, 'conformance', 'main.ts'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: environment({ LBSCOPE_PEERS: JSON.stringify(peers) }),
  });
  child.on('error', (error) => fail(error, 3));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 3));
} catch (error) {
  fail(error, 3);
}
