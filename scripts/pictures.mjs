// `npm run pictures`: takes the pictures anew that e2e/states.spec.ts compares with. Look at them before they are kept.
import { spawn } from 'node:child_process';
import { ensureBrowser } from './lib/browser.mjs';
import { environment, root } from './lib/node.mjs';
import { fail } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

try {
  await setUp();
  const env = environment({ LBSCOPE_CHROMIUM: await ensureBrowser() });
  const child = spawn('playwright', ['test', 'e2e/states.spec.ts', '--update-snapshots=all', '--workers=1'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  child.on('close', (code) => process.exit(code ?? 1));
} catch (error) {
  fail(error);
}
