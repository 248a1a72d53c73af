// `npm run check`: formatting and lint, protocol lint, types, unused code, import direction. The same here and in CI.
import { command } from './lib/command.mjs';
import { fail, say, step } from './lib/say.mjs';
import { prepare } from './lib/setup.mjs';

const checks = [
  ['Formatting and lint', 'biome', ['check', '--error-on-warnings', '.'], 'run "npm run format".'],
  ['Protocol lint', 'buf', ['lint'], 'the lines above name the place.'],
  ['Types', 'tsc', ['--noEmit'], 'the lines above name the place.'],
  ['Unused code', 'knip', ['--no-progress'], 'remove what is listed, or use it.'],
  [
    'Import direction',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', 'model', 'server', 'components', 'app', 'e2e', 'bench', 'conformance'],
    'docs/architecture.md shows which way imports go.',
  ],
];

try {
  await prepare();
  let failed = 0;
  for (const [title, program, args, advice] of checks) {
    try {
      await step(title, () => command(title, program, args, { advice }));
    } catch (error) {
      failed += 1;
      process.stderr.write(`\n${error.message}\nWhat to do: ${error.advice}\n\n`);
    }
  }
  if (failed > 0) {
    say(`${failed} of ${checks.length} checks failed`);
    process.exit(1);
  }
  say(`all ${checks.length} checks passed`);
} catch (error) {
  fail(error);
}
