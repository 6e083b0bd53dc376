import { readFileSync, writeFileSync } from 'node:fs';
import { componentFile, needsOperator, operate } from './operator';
import { otherVersion } from './other-version';
import { expect, signUp, test } from './support';
import { workerIsReady } from './worker';

test.use({ serviceWorkers: 'allow' });

test('a swapped client is announced, taken when the user says so, and no word is lost', async ({
  page,
  request,
  baseURL,
}, info) => {
  needsOperator();
  const served = await request.get('/');
  test.skip(
    served.headers()['cross-origin-opener-policy'] === undefined,
    'the platform does not serve the client itself',
  );
  const file = componentFile('web');
  const other = await otherVersion(readFileSync(file), baseURL ?? '');
  const replacement = info.outputPath('web.wasm');
  writeFileSync(replacement, other.wasm);

  await signUp(page);
  await workerIsReady(page);
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill('During an update');
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText('every word');
  await expect(page).toHaveURL(/\/entries\/[0-9a-f-]{36}\/edit/u);
  const colour = () => page.locator('meta[name=theme-color]').last().getAttribute('content');
  try {
    await operate('swap', 'web', replacement);
    await expect.poll(async () => (await request.get('/')).text()).toContain(other.colour);
    // The worker looks for a new version after a page was opened; until it is taken, pages are of the former one.
    await page.reload();
    expect(await colour()).not.toBe(other.colour);
    await expect(page.getByText('A new version is ready.')).toBeVisible({ timeout: 45_000 });
    await page.getByRole('textbox', { name: 'Text' }).click();
    await page.keyboard.press('ControlOrMeta+End');
    await page.keyboard.insertText(' and more');
    await page.getByRole('button', { name: 'Reload' }).click();
    await expect.poll(colour).toBe(other.colour);
    await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('During an update');
    await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('every word and more');
  } finally {
    await operate('swap', 'web', file);
  }
});
