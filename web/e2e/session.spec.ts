import { accessible, expect, signIn, signUp, test } from './support';

test('a wrong password is said without saying whether there is an account', async ({ page }) => {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill('not-there@example.org');
  await page.getByLabel('Password').fill('correct horse');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toHaveText('The email or the password is not right.');
});

test('who signs out leaves nothing on the device, in any tab', async ({ page, context }) => {
  const who = await signUp(page);
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

test('a session that ends while one writes loses no word', async ({ page, context }) => {
  const who = await signUp(page);
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('Still here');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('every word');
  // The session ends elsewhere, and with it the cookie.
  const token = await page.evaluate(
    async () => (await (await fetch('/auth/refresh', { method: 'POST' })).json()).accessToken as string,
  );
  await context.request.post('/auth/logout', { headers: { authorization: `Bearer ${token}` } });
  await page.getByRole('button', { name: 'Done' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('heading', { name: 'Please sign in again' })).toBeVisible();
  await accessible(page);
  await dialog.getByLabel('Password').fill(who.password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog).toBeHidden();
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Still here' })).toBeVisible();
});
