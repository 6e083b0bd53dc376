import { type Page, expect } from '@playwright/test';

/** Waits until the service worker has the page: it takes its files at its leisure. */
export async function workerIsReady(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active?.state !== 'activated') await new Promise(resolve => active?.addEventListener('statechange', resolve));
  });
  await expect
    .poll(async () => {
      await page.reload();
      return await page.evaluate(() => navigator.serviceWorker.controller !== null);
    })
    .toBe(true);
}
