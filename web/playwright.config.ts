import { defineConfig, devices } from '@playwright/test';

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

export default defineConfig({
  testDir: 'e2e',
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    baseURL: served ?? `http://127.0.0.1:${port}`,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    ...chromium,
  },
  projects: [
    { name: 'desktop', use: { ...devices['Desktop Chrome'], ...chromium, viewport: { width: 1280, height: 860 } } },
    { name: 'phone', use: { ...devices['Pixel 7'], ...chromium }, grep: /@phone/ },
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
