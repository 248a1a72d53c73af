import { defineConfig } from '@playwright/test';

const executablePath = process.env.LBSCOPE_CHROMIUM || undefined;

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results',
  // One picture a state, whatever the platform.
  snapshotPathTemplate: '{testDir}/pictures/{arg}{ext}',
  // Each worker has an lbscope of its own; two are what two cores carry without measuring each other.
  workers: 2,
  fullyParallel: false,
  forbidOnly: process.env.CI !== undefined,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json']],
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 720 },
    colorScheme: 'dark',
    screenshot: 'only-on-failure',
    // A click that waits for ever would end the test without saying where.
    actionTimeout: 15_000,
    navigationTimeout: 30_000,
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
