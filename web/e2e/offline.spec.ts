import { expect, signUp, test, write } from './support';
import { workerIsReady } from './worker';

test('the service worker opens the journal without a network, and what is written there is not lost', async ({
  page,
  context,
}) => {
  await signUp(page);
  await write(page, 'Seen before', 'This entry was read while there was a network.');
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Seen before' })).toBeVisible();
  await workerIsReady(page);
  await context.setOffline(true);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Seen before' })).toBeVisible();
  await page.getByRole('link', { name: 'Seen before' }).click();
  await expect(page.getByText('This entry was read while there was a network.')).toBeVisible();
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('On the plane');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('Above the clouds.');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('Not saved yet').first()).toBeVisible();
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'On the plane' })).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText('Not saved yet')).toHaveCount(0, { timeout: 30_000 });
  await page.reload();
  await expect(page.getByRole('link', { name: 'On the plane' })).toBeVisible();
});

test('a text is kept when the storage of the browser is full', async ({ page }) => {
  await signUp(page);
  await page.goto('/write');
  await page.evaluate(() => {
    const full = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    IDBObjectStore.prototype.put = full;
  });
  await page.getByRole('textbox', { name: 'Title' }).fill('No room');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('It is on the page alone.');
  await expect(page.getByText("Not kept: this browser's storage is full")).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'No room' })).toBeVisible();
});
