import { haveWritten } from '../e2e/another-client';
import { grant, needsOperator } from '../e2e/operator';
import { expect, signUp, test, writer } from '../e2e/support';

const PICTURES = new URL('../../docs/pictures/', import.meta.url).pathname;

/** Days before today, so that the newest are on top. */
const ENTRIES: readonly (Record<string, unknown> & { ago: number })[] = [
  {
    ago: 0,
    title: 'First frost',
    content:
      'The pond had a skin of ice this morning, thin as paper. I stood there with the coffee until my hands were cold, and for once did not think of the list.',
    mood: 'CALM',
    tags: ['garden', 'morning'],
    place: { name: 'Home' },
    pinned: true,
  },
  {
    ago: 1,
    title: 'The long run, at last',
    content:
      'Eighteen kilometres along the canal with Mira. The last three were hard and we laughed through all of them. **New shoes are worth it.**',
    mood: 'HAPPY',
    tags: ['running', 'Mira'],
    entryTime: '18:40',
  },
  {
    ago: 1,
    title: 'Release day',
    content:
      'We shipped. A quiet afternoon after a loud morning; the migration took eleven minutes instead of the forty that I had feared. Grateful for the team.',
    mood: 'GRATEFUL',
    tags: ['work'],
    entryTime: '16:05',
  },
  {
    ago: 2,
    title: 'Could not sleep',
    content: 'Awake at four, going over the talk again. Wrote down what worries me, and it looked smaller on the page.',
    mood: 'ANXIOUS',
    tags: ['sleep', 'work'],
    entryTime: '04:20',
  },
  {
    ago: 4,
    title: 'Sunday at the market',
    content: 'Quinces, a bag of chestnuts, and a conversation about bees that lasted longer than the shopping.',
    mood: 'HAPPY',
    tags: ['market', 'autumn'],
    favourite: true,
  },
];

test('pictures of the timeline for the README', async ({ page }) => {
  needsOperator();
  const who = await signUp(page, { ...writer('Ann'), name: 'Ann' });
  // So that no insight is missing, and no quota stands in the way.
  await grant(who.email, 'premium');
  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  await haveWritten(
    page,
    ENTRIES.toReversed().map(({ ago, ...entry }) => ({ ...entry, entryDate: day(ago) })),
  );
  await page.setViewportSize({ width: 1200, height: 760 });
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'First frost' })).toBeVisible();
  // An address of nobody is no part of the picture.
  await page.locator('mf-confirm-banner').getByRole('button', { name: 'Close' }).click();
  await page.evaluate(() => document.fonts.ready);
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.screenshot({ path: `${PICTURES}timeline-${scheme}.png`, animations: 'disabled' });
  }
});
