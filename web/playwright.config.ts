import { defineConfig, devices } from '@playwright/test';
import { RECEIVERS } from './e2e/receivers';

/** Where the client is served: by a platform (MINDFLOW_WEB_URL), else by tools/serve.mjs in front of the platform at MINDFLOW_URL. */
const served = process.env['MINDFLOW_WEB_URL'];
const port = 4300;

const chromium = {
  launchOptions: {
    executablePath: process.env['MINDFLOW_CHROMIUM'] ?? '/usr/bin/chromium',
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
};

const desktop = { ...devices['Desktop Chrome'], ...chromium, viewport: { width: 1280, height: 860 } };
const SWAPS = /swap\.spec\.ts$/u;

export default defineConfig({
  testDir: 'e2e',
  fullyParallel: true,
  // As many as there are receivers of webhooks; by hand, as many as Playwright thinks right.
  ...(RECEIVERS.length > 0 ? { workers: RECEIVERS.length } : {}),
  retries: 0,
  timeout: 60_000,
  // All of them take about half of it on two cores: a run that hangs ends.
  globalTimeout: 10 * 60_000,
  // Something common is broken: the others would only wait.
  maxFailures: 8,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['./e2e/count.ts']],
  use: {
    baseURL: served ?? `http://127.0.0.1:${port}`,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    // A step that cannot be taken fails by itself, long before its story's time is over.
    actionTimeout: 15_000,
    navigationTimeout: 20_000,
    screenshot: 'only-on-failure',
    // Tracing takes a third of the time, for pictures of each step: `MINDFLOW_TRACE=1` to look into a failure.
    trace: process.env['MINDFLOW_TRACE'] ? 'retain-on-failure' : 'off',
    contextOptions: { reducedMotion: 'reduce' },
    // It takes all files of the client for each story, whose browser was never here. Stories that are about it allow it.
    serviceWorkers: 'block',
    ...chromium,
  },
  projects: [
    { name: 'desktop', use: desktop, testIgnore: SWAPS },
    { name: 'phone', use: { ...devices['Pixel 7'], ...chromium }, grep: /@phone/, testIgnore: SWAPS },
    // Last and alone: the others would be offered its new version.
    { name: 'swap', use: desktop, testMatch: SWAPS, dependencies: ['desktop', 'phone'] },
  ],
  ...(served
    ? {}
    : {
        webServer: {
          command: `node tools/serve.mjs --port ${port} --platform ${process.env['MINDFLOW_URL'] ?? 'http://127.0.0.1:3000'}`,
          url: `http://127.0.0.1:${port}/`,
          reuseExistingServer: true,
        },
      }),
});
