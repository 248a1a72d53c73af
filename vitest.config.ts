import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      '{model,server,components,scripts,conformance}/**/*.test.ts',
      '{model,server,components,scripts}/**/*.test.tsx',
    ],
    // Most tests wait for sockets and processes rather than compute: more workers than cores keep both busy.
    maxWorkers: 6,
    // Some are seconds of pure arithmetic, several times as long beside others on a small machine; the full set does ten
    // times as much of it.
    testTimeout: process.env.LBSCOPE_TEST_FULL === '1' ? 900_000 : 90_000,
    hookTimeout: 60_000,
  },
});
