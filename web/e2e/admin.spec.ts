import type { Page } from '@playwright/test';
import { type Writer, accessible, expect, signIn, signUp, test, write } from './support';
import { grant, needsOperator } from './operator';

async function administrator(page: Page): Promise<Writer> {
  const who = await signUp(page);
  await grant(who.email, 'admin');
  await page.reload();
  await expect(page.getByRole('link', { name: 'Admin' }).first()).toBeAttached();
  return who;
}

test('who is no administrator is shown no administration', async ({ page }) => {
  await signUp(page);
  await expect(page.getByRole('link', { name: 'Admin' })).toHaveCount(0);
  await page.goto('/admin');
  await expect(page).toHaveURL(/\/$/u);
});

test('an administrator finds an account, gives it a role, and the audit log has it', async ({ page, device }) => {
  needsOperator();
  const other = await device();
  const ben = await signUp(other);
  await administrator(page);
  await page.goto('/admin/users');
  await page.getByRole('searchbox').fill(ben.email);
  await expect(page.getByText('1 account', { exact: true })).toBeVisible();
  await page.getByRole('checkbox', { name: 'Premium' }).check();
  await expect(page.getByText('Saved')).toBeVisible();
  await accessible(page);
  await page.getByRole('checkbox', { name: 'Administrator' }).click();
  await expect(page.getByRole('heading', { name: /an administrator\?/u })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('checkbox', { name: 'Administrator' })).not.toBeChecked();
  await page.reload();
  await page.getByRole('searchbox').fill(ben.email);
  await expect(page.getByRole('checkbox', { name: 'Premium' })).toBeChecked();
  await page.getByRole('link', { name: 'Audit log' }).last().click();
  await expect(page.getByText('UserRegistered').first()).toBeVisible({ timeout: 30_000 });
  await page.getByText('Details').first().click();
  await expect(page.locator('.admin__json').first()).toBeVisible();
  await accessible(page);
  await page.getByLabel('Type of event').selectOption('AccountErased');
  await page.getByRole('button', { name: 'Look' }).click();
  await expect(page.getByText('No event fits')).toBeVisible();
  await page.getByLabel('Id of a user').fill('not an id');
  await page.getByRole('button', { name: 'Look' }).click();
  await expect(page.locator('.field__error:not(:empty)').first()).toBeVisible();
});

test('figures and dead letters are shown @phone', async ({ page }) => {
  needsOperator();
  await administrator(page);
  await page.goto('/admin/figures');
  await expect(page.getByRole('img', { name: 'Entries a day' }).locator('canvas')).toBeVisible();
  await accessible(page);
  await page.goto('/admin/dead-letters');
  await expect(page.getByText('No dead letters')).toBeVisible();
  await accessible(page);
});

test('the live view shows components, and an event that flows when something is written @phone', async ({
  page,
  device,
}) => {
  needsOperator();
  test.setTimeout(120_000);
  const who = await administrator(page);
  await page.goto('/admin');
  await expect(page.getByRole('heading', { level: 3, name: /^gateway/u })).toBeVisible();
  await expect(page.getByText('Ready').first()).toBeVisible();
  await accessible(page);
  const flows = page.locator('mf-flow-diagram');
  await flows.getByText('Show as a table').click();
  const row = flows.getByRole('row').filter({ hasText: 'JournalEntryCreated' }).filter({ hasText: 'query' }).first();
  const delivered = async () => Number((await row.getByRole('cell').nth(2).textContent())?.replace(/\D/gu, ''));
  const before = await delivered();
  const other = await device();
  await signIn(other, who);
  await write(other, 'On its way', 'This is an event in a moment.');
  await expect.poll(delivered, { timeout: 30_000 }).toBeGreaterThan(before);
});
