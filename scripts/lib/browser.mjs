// A Chromium for the end-to-end tests: one that is there, else Playwright's own, else Debian's package.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { command } from './command.mjs';
import { StepError, say, step } from './say.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];

function onPath() {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      if (folder !== '' && existsSync(path)) return path;
    }
  }
  const mac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  return existsSync(mac) ? mac : undefined;
}

/** Path of a browser, or '' when Playwright's own was installed and finds itself. Rejects with what to do. */
export async function ensureBrowser() {
  const given = process.env.LBSCOPE_CHROMIUM;
  if (given) {
    if (existsSync(given)) return given;
    throw new StepError(
      'Finding a browser',
      `LBSCOPE_CHROMIUM is ${given}, which does not exist`,
      'set it to a Chromium, or unset it.',
    );
  }
  const found = onPath();
  if (found) return found;
  try {
    await step('Fetching a browser', () =>
      command('Fetching a browser', 'playwright', ['install', 'chromium-headless-shell']),
    );
    return '';
  } catch {
    say("  Playwright's own browser cannot be had here");
  }
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const advice = 'install Chromium by hand and set LBSCOPE_CHROMIUM to it.';
    await step("Installing Debian's Chromium", async () => {
      await command('Reading the package lists', 'apt-get', ['update', '-q'], { env, advice });
      await command('Installing Chromium', 'apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], {
        env,
        advice,
      });
    });
    const installed = onPath();
    if (installed) return installed;
  }
  throw new StepError(
    'Finding a browser',
    'there is no Chromium here and none could be fetched',
    'install Chromium or Chrome and run again, or set LBSCOPE_CHROMIUM to one.',
  );
}
