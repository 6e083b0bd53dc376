import type { Page } from '@playwright/test';
import { haveSecondFactor, mailedLink, needsOperator, nextTotp } from './operator';
import { accessible, expect, haveAccount, signIn, test, write } from './support';

test('a wrong password is said without saying whether there is an account', async ({ page }) => {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill('not-there@example.org');
  await page.getByLabel('Password').fill('correct horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toHaveText('The email or the password is not right.');
});

test('who signs out leaves nothing on the device, in any tab', async ({ page, context }) => {
  const who = await haveAccount(page);
  const tab = await context.newPage();
  await tab.goto('/calendar');
  await expect(tab.getByRole('table')).toBeVisible();
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await expect(tab.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  expect(await page.evaluate(async () => (await indexedDB.databases()).map(database => database.name))).toEqual([]);
  await signIn(page, who);
});

/** Writes a text whose session ends elsewhere, and with it the cookie, before its last words were sent. */
async function writeUntilTheSessionEnds(page: Page): Promise<void> {
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('Still here');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('every word');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.keyboard.insertText(', and the last');
  const token = await page.evaluate(
    async () => (await (await fetch('/auth/refresh', { method: 'POST' })).json()).accessToken as string,
  );
  await page.context().request.post('/auth/logout', { headers: { authorization: `Bearer ${token}` } });
  await expect(page.getByRole('dialog').getByRole('heading', { name: 'Please sign in again' })).toBeVisible();
}

test('a session that ends while one writes loses no word', async ({ page }) => {
  const who = await haveAccount(page);
  await writeUntilTheSessionEnds(page);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByLabel('Password')).toBeFocused();
  await accessible(page);
  await dialog.getByLabel('Password').fill(who.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('every word, and the last')).toBeVisible();
  await expect(page.getByText('Not saved yet')).toHaveCount(0);
  await page.reload();
  await expect(page.getByText('every word, and the last')).toBeVisible();
});

test('a forgotten password is replaced by the link of a mail', async ({ page }) => {
  needsOperator();
  const who = await haveAccount(page);
  await page.goto((await mailedLink(who.email, 'confirm-email')).replace('/auth', ''));
  await page.getByRole('button').first().click();
  await expect(page.getByRole('status').first()).toBeVisible();
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await page.getByLabel('Email').fill(who.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText(`If there is an account for ${who.email}`)).toBeVisible();
  await page.goto((await mailedLink(who.email, 'reset-password')).replace('/auth', ''));
  await page.getByLabel('New password').fill('password');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('Many people use this password.')).toBeVisible();
  await accessible(page);
  await page.getByLabel('New password').fill('another horse battery');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('Your password is set.')).toBeVisible();
  // The link is good once.
  await page.reload();
  await page.getByLabel('New password').fill('a third horse battery');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('This link is not good any more.')).toBeVisible();
  await signIn(page, { ...who, password: 'another horse battery' });
});

test('an account with a second factor asks for a code after the password', async ({ page, device }) => {
  needsOperator();
  const who = await haveAccount(page);
  const secret = await haveSecondFactor(page, who);
  const other = await device();
  await other.goto('/sign-in');
  await other.getByLabel('Email').fill(who.email);
  await other.getByLabel('Password').fill(who.password);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await expect(other.getByLabel('Code')).toBeFocused();
  await accessible(other);
  await other.getByLabel('Code').fill('000000');
  await other.getByRole('button', { name: 'Sign in' }).click();
  await expect(other.getByRole('alert')).toContainText('This code is not right');
  await other.getByLabel('Code').fill(nextTotp(secret));
  await other.getByRole('button', { name: 'Sign in' }).click();
  await expect(other.getByRole('heading', { level: 1, name: new RegExp(who.name) })).toBeVisible();
});

test('signing in again asks for a code as well where the account has a second factor', async ({ page }) => {
  needsOperator();
  const who = await haveAccount(page);
  const secret = await haveSecondFactor(page, who);
  await writeUntilTheSessionEnds(page);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password').fill(who.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog.getByLabel('Code')).toBeFocused();
  await accessible(page);
  await dialog.getByLabel('Code').fill(nextTotp(secret));
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.locator('mf-markdown')).toHaveText('every word, and the last');
});

test('tabs have one session, however many of them renew it', async ({ page, context, device }) => {
  const who = await haveAccount(await device());
  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) await tab.goto('/sign-in');
  await signIn(page, who);
  const journal = { level: 1, name: new RegExp(who.name) };
  for (const tab of tabs) await expect(tab.getByRole('heading', journal)).toBeVisible();
  // Each reload renews.
  for (let round = 0; round < 2; round++) await Promise.all([page, ...tabs].map(tab => tab.reload()));
  for (const tab of [page, ...tabs]) await expect(tab.getByRole('heading', journal)).toBeVisible();
  await write(page, 'Of one tab', 'Seen in the others.');
  for (const tab of tabs) await expect(tab.getByRole('link', { name: 'Of one tab' })).toBeVisible();
});
