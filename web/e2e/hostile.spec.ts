import type { Page } from '@playwright/test';
import { ask, haveWritten } from './another-client';
import { expect, signUp, test, writer } from './support';

const HOSTILE = '"><img src=x onerror="window.taken=1"><script>window.taken=1</script>';
const TEXT = [
  HOSTILE,
  '<svg/onload=window.taken=1>',
  '<iframe srcdoc="<script>parent.taken=1</script>"></iframe>',
  '[a link](javascript:window.taken=1)',
  '[another]( javascript:window.taken=1 "x onmouseover=window.taken=1")',
  '<a href="javascript:window.taken=1">third</a>',
  '![picture](x" onerror="window.taken=1)',
  '![other server](https://example.org/who-reads.png)',
  '[data](data:text/html;base64,PHNjcmlwdD53aW5kb3cudGFrZW49MTwvc2NyaXB0Pg==)',
  '```"><script>window.taken=1</script>\ncode\n```',
  '<math><mtext></p><mglyph><style><img src=x onerror=window.taken=1>',
].join('\n\n');
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** No code ran, none can be started by a click, and nothing was asked of another server. */
async function harmless(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const wrong: string[] = [];
    if ('taken' in window) wrong.push('code of the text ran');
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        if (/^on/u.test(name)) wrong.push(`${element.tagName} has ${name}`);
        if (/^\s*(?:javascript|data|vbscript):/iu.test(value)) wrong.push(`${element.tagName} ${name}=${value}`);
      }
    }
    wrong.push(
      ...[...document.querySelectorAll('iframe, object, embed, main svg[onload], main script')].map(e => e.tagName),
    );
    return wrong;
  });
  expect(found).toEqual([]);
}

test('no name, tag, text or file can run code, or ask another server for anything', async ({ page, baseURL }) => {
  const elsewhere: string[] = [];
  page.on('request', request => {
    if (/^https?:/u.test(request.url()) && !request.url().startsWith(baseURL ?? '')) elsewhere.push(request.url());
  });
  await signUp(page, { ...writer(), name: 'Ann <b onmouseover=window.taken=1>Archer</b>' }).catch(() => undefined);
  await expect(page.getByRole('heading', { level: 1 })).toContainText('<b onmouseover');
  await harmless(page);
  await ask(page, 'mutation ($name: String!) { createJournal(name: $name) { id } }', {
    name: '<img src=x onerror=taken=1>',
  });
  await ask(page, 'mutation ($input: EntryTemplateInput!) { createTemplate(input: $input) { id } }', {
    input: { name: '<img src=x onerror=taken=1>', title: HOSTILE, content: TEXT },
  });
  await haveWritten(page, [
    {
      title: HOSTILE,
      content: TEXT,
      tags: ['<img src=x onerror=taken=1>', "'-alert(1)-'"],
      place: { name: HOSTILE },
    },
  ]);
  await page.goto('/');
  await expect(page.getByRole('link', { name: /onerror/u }).first()).toBeVisible();
  await harmless(page);
  await page.locator('.card__link').click();
  await expect(page.locator('mf-markdown')).toContainText('third');
  await harmless(page);
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.locator('input[type=file]').setInputFiles({
    name: '"><img src=x onerror=taken=1>](javascript:taken=1).png',
    mimeType: 'image/png',
    buffer: Buffer.from(PIXEL, 'base64'),
  });
  await expect(page.getByText('Shown in the text')).toBeVisible();
  await page.getByRole('button', { name: 'Preview' }).click();
  await expect(page.locator('mf-markdown')).toContainText('third');
  await harmless(page);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('link', { name: 'Edit' })).toBeVisible();
  await harmless(page);
  for (const path of ['/photos', '/organise', '/write', '/search?q=onerror', '/settings']) {
    await page.goto(path);
    await expect(
      page
        .getByRole('heading', { level: 1 })
        .or(page.getByRole('textbox', { name: 'Title' }))
        .first(),
    ).toBeVisible();
    await page.waitForLoadState('networkidle');
    await harmless(page);
  }
  expect(elsewhere).toEqual([]);
});
