import { cpus } from 'node:os';
import type { Page } from '@playwright/test';
import { grant, needsOperator } from '../e2e/operator';
import { firstLoad } from '../e2e/first-load';
import { haveSignedIn, keptEntries, signUp, test } from '../e2e/support';
import { workerIsReady } from '../e2e/worker';

const ENTRIES = 5_000;
const CHARACTERS = 100_000;
const KEYS = 200;
/** Loads of which the median is printed. */
const LOADS = 5;
/** Mutations of one request. */
const BATCH = 10;

const WORDS =
  'The light was low over the river and we walked slowly home through the fields before the rain came again'.split(' ');

/** A text as people write it: sentences and paragraphs. */
function prose(characters: number, seed: number): string {
  let text = '';
  for (let word = seed; text.length < characters; word += 7) {
    text += `${WORDS[word % WORDS.length]}${word % 97 === 0 ? '.\n\n' : word % 13 === 0 ? '. ' : ' '}`;
  }
  return text.slice(0, characters);
}

function say(what: string, figure: string): void {
  process.stdout.write(`budgets: ${what}: ${figure}\n`);
}

const median = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;
const share = (all: readonly number[], part: number) =>
  all.toSorted((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * part))] ?? NaN;
const ms = (figure: number) => `${figure.toFixed(0)} ms`;

/** Writes a long journal as another client would: with one token, a batch a request. */
async function fill(page: Page): Promise<void> {
  const entries = Array.from({ length: ENTRIES }, (_, index) => ({
    title: `Day ${index}`,
    content: prose(600, index),
    mood: ['HAPPY', 'CALM', 'TIRED', 'SAD'][index % 4],
    tags: [`tag ${index % 40}`],
    entryDate: new Date(Date.now() - index * 43_200_000).toISOString().slice(0, 10),
  }));
  await page.evaluate(
    async ([all, batch]) => {
      const { accessToken } = await (await fetch('/auth/refresh', { method: 'POST' })).json();
      for (let from = 0; from < all.length; from += batch) {
        const some = all.slice(from, from + batch);
        const body = JSON.stringify({
          query: `mutation (${some.map((_, at) => `$i${at}: CreateJournalEntryInput!`).join(', ')}) { ${some
            .map((_, at) => `e${at}: createJournalEntry(input: $i${at}) { id }`)
            .join(' ')} }`,
          variables: Object.fromEntries(some.map((entry, at) => [`i${at}`, entry])),
        });
        for (;;) {
          const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
          const { errors } = await (await fetch('/graphql', { method: 'POST', headers, body })).json();
          if (!errors) break;
          const wait = errors[0].extensions?.retryAfter;
          if (!wait) throw new Error(JSON.stringify(errors[0]));
          await new Promise(resolve => setTimeout(resolve, wait * 1_000));
        }
      }
    },
    [entries, BATCH] as const,
  );
}

/** From the beginning of the navigation until the first entry is there, in milliseconds. */
async function untilEntries(page: Page, go: () => Promise<unknown>): Promise<number> {
  await go();
  await page.locator('mf-entry-card').first().waitFor();
  return await page.evaluate(() => (window as unknown as { firstEntryAt: number }).firstEntryAt);
}

/** Notes when the first entry is in the page, in the page's own time. */
function noteFirstEntry(page: Page): Promise<unknown> {
  return page.addInitScript(() => {
    const look = () => {
      if (document.querySelector('mf-entry-card')) Object.assign(window, { firstEntryAt: performance.now() });
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

test('figures', async ({ page, device, browser }) => {
  needsOperator();
  say('on', `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Chromium ${browser.version()}`);
  for (const path of ['/sign-in', '/sign-up'])
    say(`first load of ${path}`, `${(await firstLoad(await device(), path)).bytes} bytes`);

  const who = await signUp(page);
  await grant(who.email, 'premium');
  const another = async () => {
    const other = await device();
    await haveSignedIn(other, who);
    return other;
  };
  const timeline = await another();
  say('first load of the timeline', `${(await firstLoad(timeline, '/')).bytes} bytes`);
  await timeline.context().close();
  await fill(page);

  const first: number[] = [];
  for (let load = 0; load < LOADS; load += 1) {
    // Whose browser has never been here.
    const other = await another();
    await noteFirstEntry(other);
    first.push(await untilEntries(other, () => other.goto('/')));
    await other.context().close();
  }
  say(`the timeline of ${ENTRIES} entries, in a browser that was never here`, ms(median(first)));

  await page.goto('/write');
  const text = page.getByRole('textbox', { name: 'Text' });
  await text.click();
  await page.keyboard.insertText(prose(CHARACTERS - KEYS, 1));
  await page.evaluate(() => {
    const latencies: number[] = [];
    Object.assign(window, { latencies });
    document.addEventListener(
      'keydown',
      event => {
        // After the frame that shows the character.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => latencies.push(performance.now() - event.timeStamp);
          port2.postMessage(null);
        });
      },
      { capture: true },
    );
  });
  await page.keyboard.type('and so on '.repeat(KEYS / 10), { delay: 80 });
  const latencies = await page.evaluate(() => (window as unknown as { latencies: number[] }).latencies);
  say(
    `from a key to its character, in a text of ${CHARACTERS} characters`,
    `${ms(median(latencies))} (median), ${ms(share(latencies, 0.95))} (95 of 100), ${ms(Math.max(...latencies))} (slowest of ${latencies.length})`,
  );

  await page.goto('/');
  // The browser that was there while they were written keeps all of them, a page in eight seconds where it did not see them come.
  while ((await keptEntries(page)) < ENTRIES) await new Promise(resolve => setTimeout(resolve, 200));
  await workerIsReady(page);
  await noteFirstEntry(page);
  const again: number[] = [];
  for (let load = 0; load < LOADS; load += 1) again.push(await untilEntries(page, () => page.reload()));
  say(`the timeline of ${ENTRIES} entries, again`, ms(median(again)));
  await page.context().setOffline(true);
  const offline: number[] = [];
  for (let load = 0; load < LOADS; load += 1) offline.push(await untilEntries(page, () => page.reload()));
  say(`the timeline of ${ENTRIES} entries, without a network`, ms(median(offline)));
});
