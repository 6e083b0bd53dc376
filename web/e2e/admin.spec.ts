import { ask, haveWritten } from './another-client';
import { accessible, expect, haveAccount, signUp, test } from './support';
import { haveAdministrator, needsOperator } from './operator';
import { Receiver } from './receiver';

test('who is no administrator is shown no administration', async ({ page }) => {
  await signUp(page);
  await expect(page.getByRole('link', { name: 'Admin' })).toHaveCount(0);
  await page.goto('/admin');
  await expect(page).toHaveURL(/\/$/u);
});

test('an administrator finds an account, gives it a role, and the audit log has it', async ({ page, device }) => {
  needsOperator();
  const other = await device();
  const ben = await haveAccount(other);
  await haveAdministrator(page);
  await page.goto('/admin/users');
  await page.getByRole('searchbox').fill(ben.email);
  await expect(page.getByText('1 account', { exact: true })).toBeVisible();
  const account = page.getByRole('listitem').filter({ hasText: ben.email });
  await account.getByRole('checkbox', { name: 'Premium' }).check();
  await expect(page.getByText('Saved')).toBeVisible();
  await accessible(page);
  await account.getByRole('checkbox', { name: 'Administrator' }).click();
  await expect(page.getByRole('heading', { name: /an administrator\?/u })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(account.getByRole('checkbox', { name: 'Administrator' })).not.toBeChecked();
  await page.reload();
  await page.getByRole('searchbox').fill(ben.email);
  await expect(account.getByRole('checkbox', { name: 'Premium' })).toBeChecked();
  await account.getByRole('link', { name: 'Audit log' }).click();
  const registered = page.getByRole('listitem').filter({ hasText: 'UserRegistered' });
  await expect(registered).toBeVisible({ timeout: 30_000 });
  await registered.getByText('Details').click();
  await expect(registered.locator('.admin__json')).toContainText(ben.email);
  await expect(page.getByRole('listitem').filter({ hasText: 'UserUpdated' })).toBeVisible();
  await accessible(page);
  await page.getByLabel('Type of event').selectOption('AccountErased');
  await page.getByRole('button', { name: 'Look' }).click();
  await expect(page.getByText('No event fits')).toBeVisible();
  await page.getByLabel('Id of a user').fill('not an id');
  await page.getByRole('button', { name: 'Look' }).click();
  await expect(page.locator('.field__error:not(:empty)').first()).toBeVisible();
});

test('figures of the platform are shown over time, and tables say the same @phone', async ({ page, device }) => {
  needsOperator();
  await haveAdministrator(page);
  await haveWritten(page, [{ title: 'Counted' }]);
  await page.goto('/admin/figures');
  const figure = (heading: string) =>
    page.locator('mf-figure').filter({ has: page.getByRole('heading', { name: heading, exact: true }) });
  const rows = (heading: string) => figure(heading).locator('tbody tr');
  for (const heading of ['Active users a day', 'Entries a day', 'Analyses a day', 'Registrations a day']) {
    await expect(figure(heading).getByRole('img', { name: heading }).locator('canvas')).toBeVisible();
    await expect(rows(heading)).toHaveCount(30);
  }
  await figure('Entries a day').getByText('Show as a table').click();
  const days = figure('Entries a day')
    .getByRole('row')
    .filter({ has: page.getByRole('rowheader') });
  await expect(days).toHaveCount(30);
  await expect(days.last().getByRole('cell')).toHaveText(/^[1-9]/u);
  await accessible(page);

  // Of all days together, since the last one may end meanwhile.
  const counted = async (heading: string) => {
    await expect(rows(heading)).toHaveCount(30);
    const cells = await rows(heading).locator('td').allTextContents();
    return cells.reduce((sum, cell) => sum + Number(cell.replace(/\D/gu, '')), 0);
  };
  const registrations = await counted('Registrations a day');
  const active = await counted('Active users a day');
  const other = await device();
  await haveAccount(other);
  await ask(other, 'mutation { recordMood(mood: CALM) { count } }');
  await expect(async () => {
    await page.reload();
    expect(await counted('Registrations a day')).toBeGreaterThan(registrations);
    expect(await counted('Active users a day')).toBeGreaterThan(active);
  }).toPass({ timeout: 30_000 });

  await page.getByRole('radio', { name: '90 days' }).check();
  await expect(rows('Registrations a day')).toHaveCount(90);
  await page.getByRole('radio', { name: 'Year' }).check();
  await expect(page.getByText('The mean of each week')).toBeVisible();
  // 365 days are in 53 weeks, on whatever day they begin.
  await expect(rows('Registrations a day')).toHaveCount(53);
});

test('what a receiver refuses is a dead letter, which an administrator has delivered again, or gives up', async ({
  page,
}) => {
  needsOperator();
  const receiver = await Receiver.start();
  receiver.status = 500;
  await haveAdministrator(page);
  const webhook = 'mutation ($url: String!) { createWebhook(url: $url, events: ["TagCreated"]) { id } }';
  await ask(page, webhook, { url: receiver.url });
  await ask(page, 'mutation { a: createTag(name: "First") { id } b: createTag(name: "Second") { id } }');
  await page.goto('/admin/dead-letters?consumer=notification-webhooks');
  const letters = page.getByRole('listitem').filter({ hasText: 'notification-webhooks' });
  await expect(async () => {
    await page.reload();
    await expect(letters).toHaveCount(2, { timeout: 1_000 });
  }).toPass({ timeout: 45_000 });
  await expect(letters.first()).toContainText('500');
  await letters.first().getByText('Details').click();
  await accessible(page);

  receiver.status = 204;
  const before = receiver.deliveries.length;
  await letters.first().getByRole('button', { name: 'Try again' }).click();
  await expect(letters).toHaveCount(1);
  await expect.poll(() => receiver.deliveries.length, { timeout: 15_000 }).toBe(before + 1);
  await letters.first().getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByRole('heading', { name: 'Give this event up?' })).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByText('No dead letters')).toBeVisible();
  await page.reload();
  await expect(page.getByText('No dead letters')).toBeVisible();
  expect(receiver.deliveries).toHaveLength(before + 1);
});

test('the live view shows components, and an event that flows when something is written @phone', async ({ page }) => {
  needsOperator();
  await haveAdministrator(page);
  await page.goto('/admin');
  await expect(page.getByRole('heading', { level: 3, name: /^gateway/u })).toBeVisible();
  await expect(page.getByText('Ready').first()).toBeVisible();
  await accessible(page);
  const flows = page.locator('mf-flow-diagram');
  await flows.getByText('Show as a table').click();
  const row = flows.getByRole('row').filter({ hasText: 'JournalEntryCreated' }).filter({ hasText: 'query' }).first();
  const delivered = async () => Number((await row.getByRole('cell').nth(2).textContent())?.replace(/\D/gu, ''));
  const before = await delivered();
  await haveWritten(page, [{ title: 'On its way' }]);
  await expect.poll(delivered, { timeout: 30_000 }).toBeGreaterThan(before);
});
