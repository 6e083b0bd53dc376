import { expect, test } from './support';
import { workerIsReady } from './worker';

test.use({ serviceWorkers: 'allow' });

test('the service worker installs under the headers of the platform, and opens the client without a network @phone', async ({
  page,
  context,
}) => {
  await page.goto('/sign-in');
  await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await workerIsReady(page);
  // What the worker says of itself: it would leave the normal state where a file is not the one of its list.
  const state = await page.evaluate(async () => (await fetch('/ngsw/state')).text());
  expect(state).toContain('Driver state: NORMAL');
  await context.setOffline(true);
  // A page whose script was never asked for.
  await page.goto('/forgot-password');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await context.setOffline(false);
});

test('a browser offers to install the client', async ({ page, context }) => {
  await page.goto('/sign-in');
  await workerIsReady(page);
  const browser = await context.newCDPSession(page);
  const { url, errors } = await browser.send('Page.getAppManifest');
  expect(url).toMatch(/\/manifest\.webmanifest$/u);
  expect(errors).toEqual([]);
  const { installabilityErrors } = await browser.send('Page.getInstallabilityErrors');
  // The stories' browser keeps nothing, as in private windows.
  expect(installabilityErrors.filter(error => error.errorId !== 'in-incognito')).toEqual([]);
});

test('what the content security policy refuses fails a story', async ({ page, troubles }) => {
  await page.goto('/sign-in');
  await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await page.evaluate(() => {
    const style = document.createElement('style');
    style.textContent = 'body { color: red }';
    document.head.append(style);
    new Image().src = 'https://elsewhere.example/picture.png';
    const script = document.createElement('script');
    script.textContent = 'window.wasRun = true';
    document.head.append(script);
  });
  await expect.poll(() => troubles.length).toBeGreaterThanOrEqual(3);
  expect(await page.evaluate(() => 'wasRun' in window)).toBe(false);
  troubles.splice(0);
});
