import { ask, haveWritten } from './another-client';
import { TIME_ZONE, accessible, expect, haveAccount, keptEntries, test } from './support';
import { grant, needsModel, needsOperator } from './operator';

/** The day so many days ago, where the stories take place. */
function before(days: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: TIME_ZONE }).format(Date.now() - days * 86_400_000);
}

/** This day of last year; of 29 February, the first of March. */
function lastYear(): string {
  const [year = 0, month = 0, day = 0] = before(0).split('-').map(Number);
  return new Date(Date.UTC(year - 1, month - 1, day)).toISOString().slice(0, 10);
}

const DAYS = [
  { entryDate: before(0), mood: 'CALM', title: 'The lake' },
  { entryDate: before(1), mood: 'HAPPY', title: 'The picnic' },
  { entryDate: before(2), mood: 'SAD', title: 'The rain' },
].map(entry => ({ ...entry, content: `${entry.title}: some words of a day.` }));

test('charts show moods and habits, and tables say the same @phone', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/insights');
  await expect(page.getByText('Nothing to see yet')).toBeVisible();
  await haveWritten(page, DAYS);
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
});

test('the calendar is coloured by mood, counts entries, and knows the streak and this day of earlier years @phone', async ({
  page,
}) => {
  await haveAccount(page);
  await haveWritten(page, [
    ...DAYS,
    { entryDate: before(0), mood: 'CALM', title: 'The evening' },
    { entryDate: lastYear(), mood: 'SAD', title: 'The first snow' },
  ]);
  await page.goto('/calendar');
  const today = page.getByRole('button', { name: /2 entries, Calm/u });
  await expect(today).toBeVisible();
  await expect(today).toHaveAttribute('data-mood', 'CALM');
  await expect(page.getByRole('link', { name: 'The evening' })).toBeVisible();
  await expect(page.getByText('3 days').first()).toBeVisible();
  const earlier = page.getByRole('region', { name: 'On this day' });
  await expect(earlier.getByText('A year ago')).toBeVisible();
  await expect(earlier.getByRole('link', { name: 'The first snow' })).toBeVisible();
  await accessible(page);
  await page.goto(`/calendar?m=${before(1).slice(0, 7)}`);
  await page.getByRole('button', { name: /1 entry, Happy/u }).click();
  await expect(page.getByRole('link', { name: 'The picnic' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'The evening' })).toHaveCount(0);
});

test('a search finds as one types, marks what it found, and explains its operators @phone', async ({ page }) => {
  await haveAccount(page);
  await haveWritten(page, DAYS);
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
  await expect(page).toHaveURL(/by=words/u);
  await expect.poll(() => keptEntries(page)).toBe(DAYS.length);
  await page.context().setOffline(true);
  await box.fill('picnic -rain');
  await expect(page.getByText('This was found on this device')).toBeVisible();
  await expect(page.getByRole('link', { name: 'The picnic' })).toBeVisible();
  await page.context().setOffline(false);
});

test('what has no word of a search is found by what it means, as are entries about the same', async ({ page }) => {
  needsModel();
  await haveAccount(page);
  await haveWritten(page, [
    { title: 'Monday', content: 'The office drained me; I fell asleep on the sofa at seven.' },
    { title: 'Cake', content: 'We baked a plum cake with cream.' },
    { title: 'Friday', content: 'A week of meetings has drained all of us.' },
  ]);
  const found = async () => {
    const query = '{ search(query: "exhausted", mode: SEMANTIC) { totalCount } }';
    return (await ask<{ search: { totalCount: number } }>(page, query)).search.totalCount;
  };
  await expect.poll(found, { timeout: 30_000, message: 'the model has read the entries' }).toBe(2);
  await page.goto('/search');
  const box = page.getByRole('searchbox');
  const monday = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'Monday' }) });
  await box.fill('exhausted');
  await expect(monday).toContainText('Found by what it means');
  await expect(page.getByText('2 entries')).toBeVisible();
  await accessible(page);
  await page.getByRole('radio', { name: 'Words' }).check();
  await expect(page.getByText('Nothing was found')).toBeVisible();
  await page.getByRole('radio', { name: 'Meaning' }).check();
  await expect(monday).toContainText('Found by what it means');
  await page.getByRole('radio', { name: 'Both' }).check();
  await box.fill('office');
  await expect(monday.locator('mark', { hasText: 'office' })).toBeVisible();
  await expect(monday).not.toContainText('Found by what it means');
  await monday.getByRole('link', { name: 'Monday' }).click();
  const related = page.getByRole('region', { name: 'Entries like this one' });
  await expect(related.getByRole('link')).toHaveText(/^Friday/u);
});

test('what the AI has noticed lately leads to the entries', async ({ page }) => {
  needsOperator();
  test.setTimeout(120_000);
  const who = await haveAccount(page);
  await grant(who.email, 'premium');
  const [id] = await haveWritten(page, [
    {
      title: 'A hard week',
      content: 'The release was stressful, but I am proud of the team and grateful for their help.',
    },
  ]);
  await page.goto(`/entries/${id}`);
  await expect(page.getByRole('heading', { name: 'What stands out' })).toBeVisible({ timeout: 60_000 });
  await page.goto('/insights');
  await expect(page.getByRole('heading', { name: 'Noticed lately' })).toBeVisible();
  await expect(page.getByRole('img', { name: 'How it sounds' })).toBeVisible();
  await accessible(page);
  await page.getByRole('link', { name: 'Open the entry' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'A hard week' })).toBeVisible();
});
