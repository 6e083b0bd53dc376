import { haveWritten } from './another-client';
import { grant, needsOperator } from './operator';
import { accessible, expect, haveAccount, keptEntries, signIn, test } from './support';
import { workerIsReady } from './worker';

test('the timeline is narrowed by tags, moods and words, and is so again after an entry was read', async ({ page }) => {
  await haveAccount(page);
  await haveWritten(page, [
    { title: 'River walk', tags: ['river', 'walk'], mood: 'CALM', entryDate: '2025-05-01' },
    { title: 'City walk', tags: ['walk'], mood: 'HAPPY', entryDate: '2025-06-01' },
    { title: 'River bath', tags: ['river'], mood: 'HAPPY', entryDate: '2025-07-01', pinned: true },
  ]);
  await page.goto('/');
  await page.getByRole('button', { name: /^More/ }).click();
  await page.getByRole('combobox', { name: 'With all of these tags' }).fill('river');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('link', { name: 'City walk' })).toHaveCount(0);
  await page.getByRole('combobox', { name: 'Without these tags' }).fill('walk');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('link', { name: 'River walk' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'River bath' })).toBeVisible();
  await accessible(page);
  await page.getByRole('link', { name: 'River bath' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'River bath' })).toBeVisible();
  await page.keyboard.press('u');
  await expect(page.getByRole('button', { name: 'Remove the filter none of walk' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear the filter' }).click();
  await expect(page.getByRole('link', { name: 'City walk' })).toBeVisible();
  await page.getByRole('button', { name: 'Pinned' }).click();
  await expect(page.getByRole('link', { name: 'City walk' })).toHaveCount(0);
  await page.goto('/?mood=HAPPY&to=2025-06-30');
  await expect(page.getByRole('link', { name: 'City walk' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'River bath' })).toHaveCount(0);
});

test('all is done by the keyboard, and a sheet says how', async ({ page }) => {
  await haveAccount(page);
  await haveWritten(page, [
    { title: 'Older', entryDate: '2025-05-01' },
    { title: 'Newer', entryDate: '2025-05-02' },
  ]);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Older' })).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('heading', { name: 'Keyboard shortcuts' })).toBeVisible();
  await accessible(page);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Older' })).toBeVisible();
  await page.keyboard.press('p');
  await expect(page.getByRole('button', { name: 'Pin', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('e');
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('Words.');
  await page.getByRole('textbox', { name: 'Text' }).focus();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.insertText(' More of them.');
  await page.keyboard.press('ControlOrMeta+Enter');
  await expect(page.locator('mf-markdown')).toContainText('More of them.');
});

test('a device that was just signed in reads all of the journal without a network', async ({ page, device }) => {
  // Without premium there are not so many entries a month.
  needsOperator();
  const who = await haveAccount(page);
  await grant(who.email, 'premium');
  const entries = Array.from({ length: 40 }, (_, index) => ({
    title: `Entry ${index}`,
    entryDate: new Date(Date.UTC(2025, 0, 1 + index)).toISOString().slice(0, 10),
  }));
  await haveWritten(page, entries);
  const other = await device({ serviceWorkers: 'allow' });
  await signIn(other, who);
  await expect.poll(() => keptEntries(other), { timeout: 30_000 }).toBe(40);
  await workerIsReady(other);
  await other.context().setOffline(true);
  await other.getByRole('searchbox', { name: 'Filter by words' }).fill('Entry 0');
  await other.getByRole('link', { name: 'Entry 0' }).click();
  await expect(other.locator('mf-markdown').getByText('Words.')).toBeVisible();
});

test('insights that are ready are announced, and the words that they cite are marked', async ({ page }) => {
  needsOperator();
  const who = await haveAccount(page);
  await grant(who.email, 'premium');
  await page.goto('/calendar');
  await expect(page.getByRole('table').first()).toBeVisible();
  await haveWritten(page, [
    {
      title: 'Long days',
      content: 'I am tired of the long days at work. Still, I am grateful for the evening walk by the river with Tom.',
    },
  ]);
  await expect(page.getByText('Insights of “Long days” are ready.')).toBeVisible({ timeout: 45_000 });
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'What stands out' })).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Show the words' }).first().click();
  await expect(page.locator('mf-markdown mark').first()).toBeVisible();
});

test('the timeline goes on as far as there are entries', async ({ page }) => {
  needsOperator();
  const who = await haveAccount(page);
  await grant(who.email, 'premium');
  const entries = Array.from({ length: 35 }, (_, index) => ({
    title: `Day ${index}`,
    entryDate: new Date(Date.UTC(2025, 0, 1 + index)).toISOString().slice(0, 10),
  }));
  await haveWritten(page, entries);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Day 34', exact: true })).toBeVisible();
  await expect
    .poll(async () => {
      await page.locator('.day').last().scrollIntoViewIfNeeded();
      return await page.locator('.day').count();
    })
    .toBe(35);
  await expect(page.getByText('35 entries')).toBeVisible();
  // The way back from an entry leads to where it was read.
  const link = page.getByRole('link', { name: 'Day 2', exact: true });
  await link.scrollIntoViewIfNeeded();
  await link.click();
  await expect(page.getByRole('heading', { level: 1, name: 'Day 2' })).toBeVisible();
  await page.goBack();
  await expect(link).toBeInViewport();
});
