import { ask, haveWritten } from './another-client';
import { expect, signIn, signUp, test } from './support';

const RENAME = 'mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }';
const DELETE = 'mutation ($id: ID!) { deleteJournalEntry(id: $id) }';
const FIRST = '{ journalEntries(first: 1) { edges { node { id } } } }';

interface First {
  readonly journalEntries: { readonly edges: readonly { readonly node: { readonly id: string } }[] };
}

test('what another device writes, changes and deletes is seen as it happens', async ({ page, device }) => {
  const who = await signUp(page);
  await expect(page.getByText('Your journal begins here')).toBeVisible();
  const other = await device();
  await signIn(other, who);
  await haveWritten(other, [{ title: 'From the phone', content: 'On the way.' }]);
  await expect(page.getByRole('link', { name: 'From the phone' })).toBeVisible();
  const { id } = (await ask<First>(other, FIRST)).journalEntries.edges[0]!.node;
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
  const who = await signUp(page);
  await haveWritten(page, [{ title: 'To be deleted' }, { title: 'To stay' }]);
  await expect(page.getByRole('link', { name: 'To stay' })).toBeVisible();
  const other = await device();
  await signIn(other, who);
  await page.context().setOffline(true);
  await page.getByRole('searchbox').fill('To');
  await expect(page.getByText('This is what this device has')).toBeVisible();
  await page.getByRole('searchbox').fill('');
  await haveWritten(other, [{ title: 'Meanwhile' }]);
  const list = await ask<{ journalEntries: { edges: { node: { id: string; title: string } }[] } }>(
    other,
    '{ journalEntries(first: 5) { edges { node { id title } } } }',
  );
  const gone = list.journalEntries.edges.find(({ node }) => node.title === 'To be deleted');
  await ask(other, DELETE, { id: gone?.node.id });
  await page.context().setOffline(false);
  await expect(page.getByRole('link', { name: 'Meanwhile' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'To be deleted' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'To stay' })).toBeVisible();
  // The connection goes on where it was.
  await haveWritten(other, [{ title: 'And then' }]);
  await expect(page.getByRole('link', { name: 'And then' })).toBeVisible({ timeout: 30_000 });
});
