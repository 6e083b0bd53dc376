import type { Page, Route } from '@playwright/test';
import { haveWritten } from './another-client';
import { accessible, expect, haveAccount, test } from './support';

async function begin(page: Page, title: string, text: string): Promise<void> {
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill(title);
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText(text);
}

/** Answers an operation as a platform does that refuses it. */
async function refuse(page: Page, operation: string, extensions: Record<string, unknown>): Promise<void> {
  await page.route('**/graphql*', async (route: Route) => {
    if (!route.request().postData()?.includes(`mutation ${operation}(`)) return await route.fallback();
    const field = operation.replace(
      /^(\w)(\w*?)Entry$/u,
      (_, first: string, rest: string) => `${first.toLowerCase()}${rest}JournalEntry`,
    );
    await route.fulfill({
      json: { data: { [field]: null }, errors: [{ message: 'Refused.', path: [field], extensions }] },
    });
  });
}

test('a month without room for a new entry says when there is room again, and keeps the text', async ({ page }) => {
  await haveAccount(page);
  await haveWritten(
    page,
    Array.from({ length: 5 }, (_, index) => ({ title: `Entry ${index}` })),
  );
  await begin(page, 'One too many', 'This text is not lost.');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  const now = new Date();
  const resets = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  });
  await expect(page.getByRole('alert').filter({ hasText: 'You have written 5 new entries this month' })).toContainText(
    `From ${resets} on`,
  );
  await accessible(page);
  await page.getByRole('link', { name: 'Timeline' }).first().click();
  await expect(page.getByRole('link', { name: /One too many/u })).toBeVisible();
  await page.reload();
  await page.getByRole('link', { name: /One too many/u }).click();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('This text is not lost.');
});

test('a text that is too large is said to be so, and is saved when it is shorter', async ({ page }) => {
  await haveAccount(page);
  await begin(page, 'Very long', '河'.repeat(100_001));
  await expect(page.getByText('An entry has at most 100,000 characters.')).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('alert').filter({ hasText: /too large|at most/iu })).toBeVisible();
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText('河 is a river.');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Very long' })).toBeVisible();
  await expect(page.locator('mf-markdown')).toHaveText('河 is a river.');
  await expect(page.getByText('Not saved')).toHaveCount(0);
});

test('a mark and a deletion that are refused are taken back, with the reason', async ({ page }) => {
  await haveAccount(page);
  const [id] = await haveWritten(page, [{ title: 'Stays as it is' }]);
  await page.goto(`/entries/${id}`);
  const pin = page.getByRole('button', { name: 'Pin', exact: true });
  await refuse(page, 'UpdateEntry', { code: 'FORBIDDEN' });
  await pin.click();
  await expect(page.getByText('You may not do this.')).toBeVisible();
  await expect(pin).toHaveAttribute('aria-pressed', 'false');
  await page.unrouteAll();
  await refuse(page, 'DeleteEntry', { code: 'FORBIDDEN' });
  await page.locator('.toast').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('You may not do this.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Stays as it is' })).toBeVisible();
  await expect(page.getByText('Not saved')).toHaveCount(0);
});

test('what was refused waits for its user, who sends it again, or gives it up', async ({ page }) => {
  await haveAccount(page);
  const [id] = await haveWritten(page, [{ title: 'A letter', content: 'Dear you.' }]);
  const text = page.getByRole('textbox', { name: 'Text' });
  const refusedAfter = async (before: string, words: string) => {
    await refuse(page, 'UpdateEntry', { code: 'FORBIDDEN' });
    await page.goto(`/entries/${id}/edit`);
    await expect(text).toContainText(before);
    await text.click();
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.insertText(words);
    await page.getByRole('button', { name: 'Done' }).click();
    await expect(page.getByRole('alert')).toHaveText('You may not do this.');
    await page.getByRole('link', { name: '1 change was not saved' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Not saved yet' })).toBeVisible();
    await expect(page.getByText('You may not do this.')).toBeVisible();
    await page.unrouteAll();
  };
  await refusedAfter('Dear you.', ' Yours.');
  await accessible(page);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByText('Everything is saved')).toBeVisible();
  await refusedAfter('Dear you. Yours.', ' Truly.');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByText('Everything is saved')).toBeVisible();
  await page.goto(`/entries/${id}`);
  await expect(page.locator('mf-markdown')).toHaveText('Dear you. Yours.');
});

test('while the platform is away all is kept here and said to be, and sent when it is back', async ({ page }) => {
  await haveAccount(page);
  await begin(page, 'Patience', 'The platform is being mended.');
  await page.route(/\/(?:graphql|auth)/u, route =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify({ title: 'Service Unavailable', status: 503 }),
    }),
  );
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Patience' })).toBeVisible();
  await expect(page.getByText('Saved on this device.')).toBeVisible();
  await page.getByRole('link', { name: '1 change waits' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Not saved yet' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Patience' })).toBeVisible();
  await accessible(page);
  await page.unrouteAll();
  // The client tries by itself as well: the button may be gone before it is pressed.
  const saved = page.getByText('Everything is saved');
  await expect(async () => {
    if (!(await saved.isVisible())) await page.getByRole('button', { name: 'Send now' }).click({ timeout: 2_000 });
    await expect(saved).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 30_000 });
});

test('a token that the platform does not take any more is renewed without a word', async ({ page }) => {
  await haveAccount(page);
  await begin(page, 'Without a break', 'On and on.');
  let refused = 0;
  await page.route('**/graphql*', async route => {
    // The first one with each token: as if it had run out on the way.
    const headers = route.request().headers();
    if (refused++ > 0) return await route.fallback();
    await route.continue({ headers: { ...headers, authorization: 'Bearer not-good-any-more' } });
  });
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Without a break' })).toBeVisible();
  expect(refused).toBeGreaterThan(0);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByText('Not saved yet')).toHaveCount(0);
});
