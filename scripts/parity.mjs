// `npm run parity -- RUN_A RUN_B`: sets two recorded runs side by side, as Markdown, on the pinned Node.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { environment, nodePath, root } from './lib/node.mjs';
import { fail } from './lib/say.mjs';
import { prepare } from './lib/setup.mjs';

try {
  await prepare();
  const child = spawn(nodePath(), [join(root, 'server', 'recording', 'cli', 'parity.ts'), ...process.argv.slice(2)], {
    // Files are named from where the command was typed.
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: 'inherit',
    env: environment({ LBSCOPE_DATA_DIR: process.env.LBSCOPE_DATA_DIR || join(root, '.run', 'recordings') }),
  });
  child.on('error', (error) => fail(error));
  child.on('exit', (code) => process.exit(code ?? 2));
} catch (error) {
  fail(error);
}
