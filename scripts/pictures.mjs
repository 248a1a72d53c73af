// `npm run pictures`: takes the pictures anew that e2e/states.spec.ts compares with, and those of docs/dashboard.md. Look
// at them before they are kept.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBrowser } from './lib/browser.mjs';
import { environment, root } from './lib/node.mjs';
import { fail } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

try {
  await setUp();
  const env = environment({ LBSCOPE_CHROMIUM: await ensureBrowser(), LBSCOPE_TEST_FULL: '1' });
  const child = spawn('playwright', ['test', 'e2e/states.spec.ts', '--update-snapshots=all', '--workers=1'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env,
  });
  child.on('close', (code) => {
    if (code !== 0) process.exit(code ?? 1);
    const documented = spawn('node', [join(root, 'e2e', 'dashboard-pictures.ts')], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    });
    documented.on('close', (status) => process.exit(status ?? 1));
  });
} catch (error) {
  fail(error);
}
