import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      '{model,server,components,scripts,conformance}/**/*.test.ts',
      '{model,server,components,scripts}/**/*.test.tsx',
    ],
    // Most tests wait for sockets and processes rather than compute: more workers than cores keep both busy.
    maxWorkers: 6,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
