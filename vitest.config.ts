import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{model,server,components,scripts}/**/*.test.ts', '{model,server,components,scripts}/**/*.test.tsx'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
