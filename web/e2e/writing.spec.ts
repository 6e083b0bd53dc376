import type { Page } from '@playwright/test';
import { ask, haveWritten } from './another-client';
import { accessible, expect, haveAccount, haveSignedIn, liveOf, signUpByForm, test, write } from './support';

test('a new writer signs up, writes an entry and finds it in the timeline @phone', async ({ page }) => {
  await signUpByForm(page);
  await expect(page.getByText('Your journal begins here')).toBeVisible();
  await write(page, 'A walk by the river', 'The light was **low** and golden.\n\n- a heron\n- two boats');
  await expect(page.locator('strong', { hasText: 'low' })).toBeVisible();
  await page.getByRole('link', { name: 'Timeline' }).first().click();
  await expect(page.getByRole('link', { name: 'A walk by the river' })).toBeVisible();
  await accessible(page);
});

test('what was typed is there after the tab was closed', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('Half a thought');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('It begins like this');
  await expect(
    page
      .getByRole('status')
      .filter({ hasText: /Kept on this device|Saved/ })
      .first(),
  ).toBeVisible();
  await expect(page).toHaveURL(/\/entries\/[0-9a-f-]{36}\/edit/);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Half a thought');
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('It begins like this');
});

test('of two changes of one entry none is lost', async ({ page, device }) => {
  const who = await haveAccount(page);
  const [id] = await haveWritten(page, [{ title: 'Shared', content: 'first' }]);
  const other = await device();
  await haveSignedIn(other, who);
  for (const each of [other, page]) await each.goto(`/entries/${id}/edit`);
  await expect(other.getByRole('textbox', { name: 'Text' })).toContainText('first');
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('first');
  // Both write before either has saved.
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.insertText(' and from the desk');
  await other.getByRole('textbox', { name: 'Text' }).click();
  await other.keyboard.press('ControlOrMeta+End');
  await other.keyboard.insertText(' and from the phone');
  await other.getByRole('button', { name: 'Done' }).click();
  await expect(other.getByText('first and from the phone')).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'Another device was faster' })).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Put both into the editor' }).click();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('and from the phone');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('mf-markdown')).toContainText('and from the desk');
  await expect(page.locator('mf-markdown')).toContainText('and from the phone');
});

test('of two tabs with one entry, one shows what the other has written, and no word of either is lost', async ({
  page,
  context,
}) => {
  await haveAccount(page);
  const [id] = await haveWritten(page, [{ title: 'Shared', content: 'First' }]);
  const tab = await context.newPage();
  const isLive = liveOf(tab);
  const text = (at: Page) => at.getByRole('textbox', { name: 'Text' });
  const add = async (at: Page, words: string) => {
    await text(at).click();
    await at.keyboard.press('ControlOrMeta+End');
    await at.keyboard.insertText(words);
    await expect(at.getByText('Kept on this device')).toBeVisible();
  };
  for (const each of [page, tab]) {
    await each.goto(`/entries/${id}/edit`);
    await expect(text(each)).toContainText('First');
  }
  await expect.poll(isLive).toBe(true);
  await add(page, ', then second');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(text(tab)).toContainText('First, then second');
  // Both write before either has saved. What one of them has sent is not the other's text.
  await page.getByRole('link', { name: 'Edit' }).click();
  await add(page, ', from here');
  await add(tab, ', from there');
  await tab.getByRole('button', { name: 'Done' }).click();
  await expect(tab.locator('mf-markdown')).toContainText('from there');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Another device was faster' })).toBeVisible();
  await page.getByRole('button', { name: 'Put both into the editor' }).click();
  await expect(text(page)).toContainText('from there');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('mf-markdown')).toContainText('from here');
  await expect(page.locator('mf-markdown')).toContainText('from there');
});

test('who begins the next entry while the one before is being saved, stays there', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/write');
  const [title, text] = [page.getByRole('textbox', { name: 'Title' }), page.getByRole('textbox', { name: 'Text' })];
  const saving = Promise.withResolvers<void>();
  await page.route('**/graphql*', async route => {
    if (route.request().postData()?.includes('mutation CreateEntry(')) await saving.promise;
    await route.fallback();
  });
  await title.fill('The first');
  await text.click();
  await page.keyboard.insertText('One.');
  const isSaved = page.waitForResponse(answer => answer.request().postData()?.includes('The first') ?? false);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'New entry' }).first().click();
  await expect(title).toHaveValue('');
  await title.fill('The second');
  saving.resolve();
  await isSaved;
  await text.click();
  await page.keyboard.insertText('Two.');
  await expect(title).toHaveValue('The second');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'The second' })).toBeVisible();
  await expect(page.locator('mf-markdown')).toHaveText('Two.');
  await page.getByRole('link', { name: 'Timeline' }).first().click();
  for (const each of ['The first', 'The second']) await expect(page.getByRole('link', { name: each })).toBeVisible();
});

test('a deleted entry comes back by undo', async ({ page }) => {
  await haveAccount(page);
  const [id] = await haveWritten(page, [{ title: 'To be deleted', content: 'and back' }]);
  await page.goto(`/entries/${id}`);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('link', { name: 'To be deleted' })).toBeVisible();
});

test('a text is shown as it will look while it is typed, with its mood, day, time and place @phone', async ({
  page,
}) => {
  await haveAccount(page);
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('By the lake');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('# Morning\n\nThe water was ');
  await page.getByRole('button', { name: 'Bold' }).click();
  await page.keyboard.insertText('still');
  await page.getByRole('button', { name: 'Preview' }).click();
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview.getByRole('heading', { name: 'Morning' })).toBeVisible();
  await expect(preview.locator('strong')).toHaveText('still');
  await page.getByRole('button', { name: 'Mood' }).click();
  await page.getByRole('radio', { name: 'Calm' }).check();
  await page.locator('.details .chip-button').first().click();
  await page.getByLabel('Date', { exact: true }).fill('2026-05-01');
  await page.getByLabel('Time', { exact: true }).fill('07:30');
  await page.getByRole('button', { name: 'Place' }).click();
  await page.getByLabel('Place', { exact: true }).fill('Lake Constance');
  await accessible(page);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'By the lake' })).toBeVisible();
  await expect(page.locator('.entry')).toContainText('Friday');
  await expect(page.locator('.entry')).toContainText('7:30');
  await expect(page.locator('.entry')).toContainText('Calm');
  await expect(page.locator('.entry')).toContainText('Lake Constance');
});

test('the place is where the device is, where the browser may say so, and only about there', async ({
  page,
  context,
}) => {
  await haveAccount(page);
  // All others are refused.
  await context.grantPermissions(['notifications']);
  await context.setGeolocation({ latitude: 47.654_321, longitude: 9.175_432 });
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('On the jetty');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('Waves.');
  await page.getByRole('button', { name: 'Place' }).click();
  await page.getByRole('button', { name: 'Where I am' }).click();
  await expect(page.getByText('This browser may not say where you are.')).toBeVisible();
  await accessible(page);
  await context.grantPermissions(['geolocation']);
  await page.getByRole('button', { name: 'Where I am' }).click();
  await expect(page.getByRole('button', { name: '47.6543, 9.1754' })).toBeVisible();
  await expect(page.getByText('This browser may not say where you are.')).toHaveCount(0);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('.entry')).toContainText('47.6543, 9.1754');
  const id = new URL(page.url()).pathname.split('/').at(-1);
  const { journalEntry } = await ask<{ journalEntry: { place: unknown } }>(
    page,
    'query ($id: ID!) { journalEntry(id: $id) { place { latitude longitude } } }',
    { id },
  );
  expect(journalEntry.place).toEqual({ latitude: 47.6543, longitude: 9.1754 });
});

test('a new text that is not wanted goes into the trash, and comes back', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('Never mind');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('Or do.');
  await page.getByRole('button', { name: 'Delete the draft' }).click();
  await expect(page.getByText('The entry is in the trash.')).toBeVisible();
  await expect(page.getByRole('link', { name: /Never mind/u })).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('link', { name: /Never mind/u }).click();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('Or do.');
});

test('a text that was left without being saved is found on the timeline', async ({ page }) => {
  await haveAccount(page);
  const [id] = await haveWritten(page, [{ title: 'A letter', content: 'Dear you,' }]);
  await page.goto(`/entries/${id}`);
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.insertText(' I have not said it yet.');
  await expect(page.getByText('Kept on this device')).toBeVisible();
  await page.getByRole('link', { name: 'Timeline' }).first().click();
  await page.getByRole('link', { name: /A letter Not finished/u }).click();
  await expect(page.getByText('You did not finish this text.')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('I have not said it yet.');
  await page.getByRole('button', { name: 'Take back what was not saved' }).click();
  await expect(page.getByRole('textbox', { name: 'Text' })).not.toContainText('I have not');
});
