import { haveWritten } from './another-client';
import { accessible, expect, haveAccount, test } from './support';

test('journals keep entries apart, and a deleted one leaves its entries @phone', async ({ page }) => {
  await haveAccount(page);
  await haveWritten(page, [{ title: 'At home' }]);
  await page.goto('/organise');
  await page.getByRole('button', { name: 'New journal' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Journey');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('link', { name: 'Journey' }).click();
  await expect(page.getByText('Nothing fits')).toBeVisible();
  // What is written while a journal is shown goes into it.
  await page.getByRole('link', { name: 'New entry' }).first().click();
  await page.getByRole('textbox', { name: 'Title' }).fill('On the train');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('Fields.');
  await expect(page.getByRole('button', { name: 'Journey' })).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('link', { name: 'Journey' })).toBeVisible();
  await page.getByRole('link', { name: 'Journey' }).click();
  await expect(page.getByRole('link', { name: 'On the train' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'At home' })).toHaveCount(0);
  await page.getByRole('radio', { name: 'All journals' }).check();
  await expect(page.getByRole('link', { name: 'At home' })).toBeVisible();
  await accessible(page);
  await page.goto('/organise');
  await accessible(page);
  await page.getByRole('button', { name: 'Delete Journey' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('link', { name: 'Journey' })).toHaveCount(0);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'On the train' })).toBeVisible();
});

test('a tag is given by completion, renamed, merged and deleted', async ({ page }) => {
  await haveAccount(page);
  await haveWritten(page, [
    { title: 'One', tags: ['river'] },
    { title: 'Two', tags: ['stream'] },
  ]);
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('Three');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('Water.');
  await page.getByRole('button', { name: 'Tags' }).click();
  await page.getByRole('combobox', { name: 'Tags' }).fill('ri');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Remove river' })).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('link', { name: '#river' })).toBeVisible();
  await page.goto('/organise');
  await page.getByRole('button', { name: 'Rename river' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('rivers');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: 'rivers' })).toBeVisible();
  await page.getByRole('button', { name: 'Merge stream with another tag' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Merge' }).click();
  await expect(page.getByRole('link', { name: 'stream' })).toHaveCount(0);
  await page.getByRole('link', { name: 'rivers' }).click();
  for (const title of ['One', 'Two', 'Three']) await expect(page.getByRole('link', { name: title })).toBeVisible();
  await page.goto('/organise');
  await page.getByRole('button', { name: 'Delete rivers' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByText('You have no tags yet.')).toBeVisible();
});

test('an entry begins with a template, or with a question', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/organise');
  await page.getByRole('button', { name: 'New template' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Evening');
  await dialog.getByLabel('Title').fill('My evening');
  await dialog.getByLabel('Text').fill('## What was good?');
  await accessible(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Evening', { exact: true })).toBeVisible();
  await page.goto('/write');
  await accessible(page);
  await page.getByRole('button', { name: 'Evening' }).click();
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('My evening');
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('What was good?');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 3, name: 'What was good?' })).toBeVisible();
  await page.goto('/write');
  const question = await page.locator('.beginnings__question').innerText();
  await page.getByRole('button', { name: 'Answer it' }).click();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText(question.slice(0, 20));
});
