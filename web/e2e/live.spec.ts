import { ask, haveWritten } from './another-client';
import { expect, haveAccount, haveSignedIn, liveOf, signUp, test } from './support';

const RENAME = 'mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }';
const DELETE = 'mutation ($id: ID!) { deleteJournalEntry(id: $id) }';

test('what another device writes, changes and deletes is seen as it happens', async ({ page, device }) => {
  const isLive = liveOf(page);
  const who = await signUp(page);
  await expect(page.getByText('Your journal begins here')).toBeVisible();
  await expect.poll(isLive).toBe(true);
  const other = await device();
  await haveSignedIn(other, who);
  const [id] = await haveWritten(other, [{ title: 'From the phone', content: 'On the way.' }]);
  await expect(page.getByRole('link', { name: 'From the phone' })).toBeVisible();
  await ask(other, RENAME, { input: { id, title: 'From the train' } });
  await expect(page.getByRole('link', { name: 'From the train' })).toBeVisible();
  await page.getByRole('link', { name: 'From the train' }).click();
  await expect(page.getByText('On the way.')).toBeVisible();
  await ask(other, RENAME, { input: { id, content: 'At the sea.' } });
  await expect(page.getByText('At the sea.')).toBeVisible();
  await ask(other, DELETE, { id });
  await expect(page.getByText('This entry is not here')).toBeVisible();
  await page.getByRole('link', { name: 'Timeline' }).first().click();
  await expect(page.getByText('Your journal begins here')).toBeVisible();
});

test('what happened while the connection was away is there when it is back', async ({ page, device }) => {
  const who = await haveAccount(page);
  const [gone] = await haveWritten(page, [{ title: 'To be deleted' }, { title: 'To stay' }]);
  const isLive = liveOf(page);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'To stay' })).toBeVisible();
  await expect.poll(isLive).toBe(true);
  const other = await device();
  await haveSignedIn(other, who);
  await page.context().setOffline(true);
  await page.getByRole('searchbox').fill('To');
  await expect(page.getByText('This is what this device has')).toBeVisible();
  await page.getByRole('searchbox').fill('');
  await haveWritten(other, [{ title: 'Meanwhile' }]);
  await ask(other, DELETE, { id: gone });
  await page.context().setOffline(false);
  await expect(page.getByRole('link', { name: 'Meanwhile' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'To be deleted' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'To stay' })).toBeVisible();
  // The connection goes on where it was.
  await haveWritten(other, [{ title: 'And then' }]);
  await expect(page.getByRole('link', { name: 'And then' })).toBeVisible({ timeout: 30_000 });
});
