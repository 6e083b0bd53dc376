import type { Page } from '@playwright/test';
import { accessible, expect, signUp, test, write } from './support';
import { grant, needsOperator } from './operator';

/** Entries of these days with these moods, sent as another client would. */
async function felt(page: Page, entries: readonly { daysAgo: number; mood: string; title: string }[]): Promise<void> {
  await page.evaluate(async list => {
    const { accessToken } = await (await fetch('/auth/refresh', { method: 'POST' })).json();
    for (const { daysAgo, mood, title } of list) {
      const entryDate = new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
      const answer = await fetch('/graphql', {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          query: 'mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }',
          variables: { input: { title, content: `${title}: some words of a day.`, mood, entryDate } },
        }),
      });
      const { errors } = await answer.json();
      if (errors) throw new Error(JSON.stringify(errors));
    }
  }, entries);
}

const DAYS = [
  { daysAgo: 0, mood: 'CALM', title: 'The lake' },
  { daysAgo: 1, mood: 'HAPPY', title: 'The picnic' },
  { daysAgo: 2, mood: 'SAD', title: 'The rain' },
];

test('charts show moods and habits, and tables say the same @phone', async ({ page }) => {
  await signUp(page);
  await page.goto('/insights');
  await expect(page.getByText('Nothing to see yet')).toBeVisible();
  await felt(page, DAYS);
  await page.goto('/insights');
  await expect(page.getByText('3 days').first()).toBeVisible();
  const moods = page.getByRole('img', { name: 'Moods' });
  await expect(moods.locator('canvas')).toBeVisible();
  const figure = page.locator('mf-figure').filter({ hasText: 'How often you felt how' });
  await figure.getByText('Show as a table').click();
  await expect(figure.getByRole('columnheader', { name: 'Calm' })).toBeVisible();
  const calm = figure.getByRole('row').last().getByRole('cell').nth(1);
  await expect(calm).toHaveText('1');
  await expect(page.getByRole('img', { name: 'When you write' })).toBeVisible();
  await accessible(page);
  await page.getByRole('radio', { name: 'Year' }).check();
  await expect(figure.getByRole('columnheader', { name: 'Month' })).toBeVisible();
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  expect(tooWide).toBe(false);
});

test('the calendar is coloured by mood, counts entries and knows the streak', async ({ page }) => {
  await signUp(page);
  await felt(page, [...DAYS, { daysAgo: 0, mood: 'CALM', title: 'The evening' }]);
  await page.goto('/calendar');
  const today = page.getByRole('button', { name: /2 entries, Calm/u });
  await expect(today).toBeVisible();
  await expect(today).toHaveAttribute('data-mood', 'CALM');
  await expect(page.getByRole('link', { name: 'The evening' })).toBeVisible();
  await expect(page.getByText('3 days').first()).toBeVisible();
  await accessible(page);
});

test('a search finds as one types, marks what it found, and explains its operators @phone', async ({ page }) => {
  await signUp(page);
  await felt(page, DAYS);
  await page.goto('/search');
  const box = page.getByRole('searchbox');
  await box.pressSequentially('picnic');
  await expect(page.getByRole('link', { name: 'The picnic' })).toBeVisible({ timeout: 30_000 });
  await expect(page.locator('mark', { hasText: 'picnic' }).first()).toBeVisible();
  await expect(page).toHaveURL(/q=picnic/u);
  await page.getByText('What you can type').click();
  await page.getByRole('button', { name: 'Use this: -office' }).click();
  await expect(box).toHaveValue('picnic -office');
  await expect(page.getByRole('link', { name: 'The picnic' })).toBeVisible();
  await accessible(page);
  await box.fill('nothing like it anywhere zzyzx');
  await page.getByRole('radio', { name: 'Words' }).check();
  await expect(page.getByText('Nothing was found')).toBeVisible();
});

test('what the AI has noticed lately leads to the entries', async ({ page }) => {
  needsOperator();
  test.setTimeout(120_000);
  const who = await signUp(page);
  await grant(who.email, 'premium');
  await write(
    page,
    'A hard week',
    'The release was stressful, but I am proud of the team and grateful for their help.',
  );
  await expect(page.getByRole('heading', { name: 'What stands out' })).toBeVisible({ timeout: 60_000 });
  await page.goto('/insights');
  await expect(page.getByRole('heading', { name: 'Noticed lately' })).toBeVisible();
  await expect(page.getByRole('img', { name: 'How it sounds' })).toBeVisible();
  await accessible(page);
  await page.getByRole('link', { name: 'Open the entry' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'A hard week' })).toBeVisible();
});
