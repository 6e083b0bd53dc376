import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import AxeBuilder from '@axe-core/playwright';
import {
  type Browser,
  type BrowserContext,
  type ConsoleMessage,
  type Page,
  expect,
  test as base,
} from '@playwright/test';

/** Somebody with an account of their own. */
export interface Writer {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** Of the stories' browsers, and of their users. */
export const TIME_ZONE = 'Europe/Berlin';

let last = 0;

export function writer(name = 'Ann Archer'): Writer {
  return {
    name,
    email: `${name.split(' ')[0]?.toLowerCase()}-${process.pid}-${Date.now()}-${++last}@example.org`,
    password: 'correct horse battery',
  };
}

interface Fixtures {
  /** Fails the story when a script fails, or the content security policy refuses something, on any of its devices. */
  readonly troubles: string[];
  /** Another device: a browser of its own. */
  readonly device: (options?: Parameters<Browser['newContext']>[0]) => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  troubles: [
    async ({ context }, use) => {
      const troubles: string[] = [];
      watch(context, troubles);
      await use(troubles);
      expect(troubles).toEqual([]);
    },
    { auto: true },
  ],
  device: async ({ browser, troubles, baseURL, serviceWorkers }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async options => {
      const own = { baseURL, serviceWorkers, locale: 'en-GB', timezoneId: TIME_ZONE, ...options };
      const context = await browser.newContext(own);
      contexts.push(context);
      watch(context, troubles);
      return await context.newPage();
    });
    for (const context of contexts) await context.close();
  },
});
export { expect };

function watch(context: BrowserContext, troubles: string[]): void {
  const hear = (message: ConsoleMessage) => {
    if (/Content Security Policy|NG0\d+/u.test(message.text())) troubles.push(message.text());
  };
  context.on('page', page => {
    page.on('pageerror', error => troubles.push(error.message));
    page.on('console', hear);
  });
  context.on('serviceworker', worker => worker.on('console', hear));
}

/** Has a session as the client has when a form was sent: its cookie, and who it is of. No page of the client is opened. */
export async function takeSession(page: Page, path: string, body?: Readonly<Record<string, string>>): Promise<void> {
  // Any file of the client: what is kept belongs to its origin.
  await page.goto('/manifest.webmanifest');
  await page.evaluate(
    async ([path, body]) => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(path, { method: 'POST', ...(body ? { headers, body: JSON.stringify(body) } : {}) });
      if (!answer.ok) throw new Error(await answer.text());
      const { user } = await answer.json();
      localStorage.setItem('mf.email', user.email);
      localStorage.setItem('mf.person', JSON.stringify(user));
    },
    [path, body] as const,
  );
}

/**
 * Makes an account without filling the form, which takes a story twice as long; stories of the form fill it themselves. No page is opened,
 * so that a story opens the one that it is about, when what it needs was written.
 */
export async function haveAccount(page: Page, who: Writer = writer()): Promise<Writer> {
  const { name, email, password } = who;
  await takeSession(page, '/auth/register', { displayName: name, email, password, timezone: TIME_ZONE });
  return who;
}

/** Signs in without filling the form, and opens no page. */
export async function haveSignedIn(page: Page, { email, password }: Writer): Promise<void> {
  await takeSession(page, '/auth/login', { email, password });
}

/** Makes an account, and opens its timeline. */
export async function signUp(page: Page, who: Writer = writer()): Promise<Writer> {
  await haveAccount(page, who);
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(who.name) })).toBeVisible();
  return who;
}

/** By the form. */
export async function signUpByForm(page: Page, who: Writer = writer()): Promise<Writer> {
  await page.goto('/sign-up');
  await page.getByLabel('Name').fill(who.name);
  await page.getByLabel('Email').fill(who.email);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(who.name) })).toBeVisible();
  return who;
}

export async function signIn(page: Page, who: Writer): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('Email').fill(who.email);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: new RegExp(who.name) })).toBeVisible();
}

/** Writes an entry and waits until it is read. */
export async function write(page: Page, title: string, text: string): Promise<void> {
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill(title);
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText(text);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
}

/** Answers whether the page has its live connection. To be called before the page is opened. */
export function liveOf(page: Page): () => boolean {
  let isThere = false;
  page.on('websocket', socket =>
    socket.on('framereceived', ({ payload }) => (isThere ||= payload.includes('connection_ack'))),
  );
  return () => isThere;
}

/** How many entries this device has kept of who is signed in. */
export function keptEntries(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const name = (await indexedDB.databases()).find(each => each.name?.startsWith('mindflow-'))?.name;
    // A page that was opened a moment ago has none yet. Who opens one that is not there makes it, without a store.
    if (!name) return 0;
    return await new Promise<number>(resolve => {
      const open = indexedDB.open(name);
      open.onupgradeneeded = () => open.transaction?.abort();
      open.onerror = () => resolve(0);
      open.onsuccess = () => {
        const count = open.result.transaction('entries').objectStore('entries').count();
        count.onsuccess = () => {
          open.result.close();
          resolve(count.result);
        };
      };
    });
  });
}

/** What looks at pages, without the comments and the names that make it twice as long. */
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** The rules that look at colours: all others find the same in both schemes. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** A folder for pictures of every page that is looked at, for who builds them. */
const SHOTS = process.env['MINDFLOW_SHOTS'];
let shots = 0;

function shotName(page: Page, colorScheme: string): string {
  const story = test
    .info()
    .title.replace(/[^a-z0-9]+/giu, '-')
    .slice(0, 50);
  const path = new URL(page.url()).pathname.replace(/[0-9a-f-]{36}/u, 'id').replace(/\W+/gu, '-');
  return `${test.info().project.name}-${story}-${String(++shots).padStart(2, '0')}${path}-${colorScheme}`;
}

/** Runs in the page: until its colours are those of the scheme. They change by transitions, the shortest ones too. */
async function shown(): Promise<void> {
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  await frame();
  await frame();
  await Promise.allSettled(
    document
      .getAnimations()
      .filter(each => each instanceof CSSTransition)
      .map(each => each.finished),
  );
}

/** Violations of WCAG 2.2 AA, in light and in dark. */
export async function violationsOf(page: Page): Promise<string[]> {
  const all: string[] = [];
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(shown);
    // It is there: nothing is to be put into the page. Nor is a page of its own needed for the results, since there are no frames.
    const axe = new AxeBuilder({ page, axeSource: '0' }).options({ resultTypes: ['violations'] }).setLegacyMode();
    const { violations } = await (colorScheme === 'light' ? axe.withTags(WCAG) : axe.withRules(OF_COLOURS)).analyze();
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/${shotName(page, colorScheme)}.png`, fullPage: true });
    for (const { id, nodes } of violations) {
      all.push(`${colorScheme} ${page.url()} ${id}: ${nodes.map(node => node.target.join(' ')).join(', ')}`);
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return all;
}

/** No violations of WCAG 2.2 AA, in light and in dark. */
export async function accessible(page: Page): Promise<void> {
  expect(await violationsOf(page)).toEqual([]);
}
