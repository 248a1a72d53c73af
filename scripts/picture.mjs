// `npm run picture`: README's picture, taken by the product itself.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBrowser } from './lib/browser.mjs';
import { environment, root } from './lib/node.mjs';
import { fail, step } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

try {
  const { node, envoy } = await setUp();
  const browser = await ensureBrowser();
  const env = environment({ ...(envoy ? { ENVOY_BIN: envoy } : {}), LBSCOPE_CHROMIUM: browser });
  const status = await step(
    'Taking the picture (about a minute)',
    () =>
      new Promise((resolve) => {
        const child = spawn(node, [join(root, 'e2e', 'readme-picture.ts')], {
          cwd: root,
          stdio: ['ignore', 'inherit', 'inherit'],
          env,
        });
        child.on('close', (code) => resolve(code ?? 1));
      }),
  );
  process.exit(status);
} catch (error) {
  fail(error);
}
