import { existsSync, readFileSync, readdirSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { haveWritten } from './another-client';
import { haveAdministrator, needsOperator } from './operator';
import { expect, haveAccount, test, violationsOf } from './support';

const APP = new URL('../src/app/', import.meta.url).pathname;
const TOKEN = 'A'.repeat(43);
const TEXTS = new URL('../src/i18n/en/', import.meta.url).pathname;
const GROUPS = readdirSync(TEXTS)
  .filter(name => name.endsWith('.json'))
  .flatMap(name => Object.keys(JSON.parse(readFileSync(TEXTS + name, 'utf8'))));
/** The key of a text, such as `nav.timeline`, where the text should stand. */
const KEY = new RegExp(`(?<![\\w/@.-])(?:${GROUPS.join('|')})(?:\\.\\w+)+`, 'u');

/** Pages by their route, with an address of each and what is there when it has been read. */
type Pages = Readonly<Record<string, string>>;

const WITHOUT_A_SESSION: Pages = {
  'sign-in': '/sign-in',
  'sign-up': '/sign-up',
  'forgot-password': '/forgot-password',
  'reset-password/:token': `/reset-password/${TOKEN}`,
  'confirm-email/:token': `/confirm-email/${TOKEN}`,
  'confirm-email-change/:token': `/confirm-email-change/${TOKEN}`,
  'receipt/:id': '/receipt/00000000-0000-7000-8000-000000000000',
};

const WITH_ONE = (entry: string): Pages => ({
  '': '/',
  'entries/:id': `/entries/${entry}`,
  'entries/:id/edit': `/entries/${entry}/edit`,
  'entries/:id/history': `/entries/${entry}/history`,
  write: '/write',
  calendar: '/calendar',
  search: '/search',
  insights: '/insights',
  photos: '/photos',
  organise: '/organise',
  trash: '/trash',
  settings: '/settings',
  'settings/notifications': '/settings/notifications',
  'settings/security': '/settings/security',
  'settings/privacy': '/settings/privacy',
  'settings/webhooks': '/settings/webhooks',
  'settings/data': '/settings/data',
  waiting: '/waiting',
  '**': '/nothing-is-here',
});

const OF_ADMINISTRATORS: Pages = {
  admin: '/admin',
  'admin/figures': '/admin/figures',
  'admin/users': '/admin/users',
  'admin/audit': '/admin/audit',
  'admin/dead-letters': '/admin/dead-letters',
};

/** Opens all of them, and says of all together what is not right. */
async function lookAt(page: Page, pages: Pages): Promise<void> {
  test.slow();
  const wrong: string[] = [];
  for (const path of Object.values(pages)) {
    await page.goto(path);
    await expect(page.getByRole('heading').first(), path).toBeAttached();
    await expect(page.locator('.skeleton'), path).toHaveCount(0);
    await expect(page, path).toHaveTitle(/^.+ · MindFlow$/u);
    if ((await page.getByRole('heading', { level: 1 }).count()) !== 1)
      wrong.push(`${path} has not one heading of its own`);
    const key = KEY.exec(await page.locator('body').innerText())?.[0];
    if (key) wrong.push(`${path} shows ${key}, which is no text`);
    wrong.push(...(await violationsOf(page)));
    if (await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth))
      wrong.push(`${path} scrolls sideways`);
  }
  expect(wrong).toEqual([]);
}

test('each page that there is, is among those that are looked at', () => {
  const written = (file: string) =>
    [...readFileSync(file, 'utf8').matchAll(/\bpath: '([^']*)'/gu)].map(([, path]) => path ?? '');
  const routes = written(`${APP}app.routes.ts`);
  for (const feature of readdirSync(`${APP}features`)) {
    const file = `${APP}features/${feature}/${feature}.routes.ts`;
    if (!existsSync(file)) continue;
    const below = written(file).filter(path => path !== '');
    const parent = feature === 'media' ? 'photos' : feature;
    routes.push(...below.map(path => `${parent}/${path}`));
  }
  const looked = Object.keys({ ...WITHOUT_A_SESSION, ...WITH_ONE(''), ...OF_ADMINISTRATORS });
  expect(looked.sort()).toEqual([...new Set(routes)].sort());
});

test('every page without a session is accessible in both colour schemes @phone', async ({ page }) => {
  await lookAt(page, WITHOUT_A_SESSION);
});

test('every page of a writer is accessible in both colour schemes @phone', async ({ page }) => {
  await haveAccount(page);
  const [walk] = await haveWritten(page, [
    {
      title: 'A walk',
      content:
        '# By the river\n\nThe light was **low**.\n\n- a heron\n- [two boats](https://example.org)\n\n> Slowly.\n\n`code`',
      mood: 'CALM',
      tags: ['river'],
      place: { name: 'The river' },
      pinned: true,
    },
    { title: 'A rainy day', content: 'Words.', mood: 'SAD', tags: ['rain', 'river'], entryDate: '2025-05-01' },
  ]);
  await lookAt(page, WITH_ONE(walk ?? ''));
});

test('every page of an administrator is accessible in both colour schemes @phone', async ({ page }) => {
  needsOperator();
  await haveAdministrator(page);
  await lookAt(page, OF_ADMINISTRATORS);
});
