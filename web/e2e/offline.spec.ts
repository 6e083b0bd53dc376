import { haveWritten } from './another-client';
import { accessible, expect, haveAccount, signIn, test } from './support';
import { workerIsReady } from './worker';

test.use({ serviceWorkers: 'allow' });

test('the service worker opens the journal without a network, and what is written there is not lost', async ({
  page,
  context,
}) => {
  await haveAccount(page);
  const content = 'This entry was read while there was a network.';
  const [id] = await haveWritten(page, [{ title: 'Seen before', content }]);
  await page.goto(`/entries/${id}`);
  await expect(page.getByText(content)).toBeVisible();
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Seen before' })).toBeVisible();
  await workerIsReady(page);
  await context.setOffline(true);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Seen before' })).toBeVisible();
  await page.getByRole('link', { name: 'Seen before' }).click();
  await expect(page.getByText(content)).toBeVisible();
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

test('an entry that is written without a network is sent when it is back', async ({ page, context }) => {
  await haveAccount(page);
  await page.goto('/write');
  await workerIsReady(page);
  await page.getByRole('textbox', { name: 'Text' }).click();
  await context.setOffline(true);
  await page.getByRole('textbox', { name: 'Title' }).fill('In the tunnel');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('No network here.');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'In the tunnel' })).toBeVisible();
  await expect(page.getByText('Not saved yet').first()).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText('Not saved yet')).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'In the tunnel' })).toBeVisible();
});

test('a text is kept when the storage of the browser is full', async ({ page }) => {
  await haveAccount(page);
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

test('changes that are made without a network wait in their order, and are sent in it', async ({
  page,
  context,
  device,
}) => {
  const who = await haveAccount(page);
  await haveWritten(page, [{ title: 'To be changed', content: 'first' }]);
  await page.goto('/');
  await workerIsReady(page);
  await expect(page.getByRole('link', { name: 'To be changed' })).toBeVisible();
  await context.setOffline(true);
  await page.getByRole('link', { name: 'To be changed' }).click();
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.insertText(' and second');
  await page.getByRole('button', { name: 'Done' }).click();
  for (const title of ['Written offline', 'Deleted offline']) {
    await page.getByRole('link', { name: 'New entry' }).first().click();
    await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('');
    await page.getByRole('textbox', { name: 'Title' }).fill(title);
    await page.getByRole('button', { name: 'Done' }).click();
    // What the platform would refuse later is said here and now.
    await expect(page.getByRole('alert')).toHaveText('Text: Write at least one character.');
    await page.getByRole('textbox', { name: 'Text' }).click();
    await page.keyboard.insertText(`Words of ${title}.`);
    await page.getByRole('button', { name: 'Done' }).click();
    await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
  }
  await page.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('link', { name: 'Deleted offline' })).toHaveCount(0);
  await page.getByRole('link', { name: /changes wait/u }).click();
  await expect(page.locator('.row__title')).toHaveText([
    'To be changed',
    'Written offline',
    'Deleted offline',
    'Deleted offline',
  ]);
  await accessible(page);
  await context.setOffline(false);
  await expect(page.getByText('Everything is saved')).toBeVisible();
  const other = await device();
  await signIn(other, who);
  await expect(other.getByRole('link', { name: 'Written offline' })).toBeVisible();
  await expect(other.getByRole('link', { name: 'Deleted offline' })).toHaveCount(0);
  await other.getByRole('link', { name: 'To be changed' }).click();
  await expect(other.getByText('first and second')).toBeVisible();
});
