import { haveWritten } from './another-client';
import { accessible, expect, haveAccount, test } from './support';

test('an earlier version is compared and restored @phone', async ({ page }) => {
  await haveAccount(page);
  const [id] = await haveWritten(page, [{ title: 'A plan', content: 'We go by train.' }]);
  await page.goto(`/entries/${id}`);
  await page.getByRole('link', { name: 'Edit' }).click();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('by train');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText('We go by boat.');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText('We go by boat.')).toBeVisible();
  await page.getByRole('link', { name: 'Earlier versions' }).click();
  await expect(page.locator('del', { hasText: 'train.' })).toBeVisible();
  await expect(page.locator('ins', { hasText: 'boat.' })).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Restore this version' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restore this version' }).click();
  await expect(page.getByText('The earlier version is back.')).toBeVisible();
  await expect(page.locator('mf-markdown')).toContainText('We go by train.');
});

test('a deleted entry is restored from the trash, or removed for good @phone', async ({ page }) => {
  await haveAccount(page);
  for (const id of await haveWritten(page, [{ title: 'To come back' }, { title: 'To be gone' }])) {
    await page.goto(`/entries/${id}`);
    // The first one's message may be shown still when the second one is deleted.
    const deleted = page.waitForResponse(
      answer => answer.request().postData()?.includes('deleteJournalEntry') ?? false,
    );
    await page.getByRole('button', { name: 'Delete' }).click();
    await deleted;
  }
  await page.goto('/trash');
  await expect(page.getByText('To be gone', { exact: true })).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Restore To come back' }).click();
  await expect(page.getByText('“To come back” is back.')).toBeVisible();
  await page.getByRole('button', { name: 'Remove for good: To be gone' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove for good' }).click();
  await expect(page.getByText('The trash is empty')).toBeVisible();
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'To come back' })).toBeVisible();
});
