import type { JSHandle, Locator, Page } from '@playwright/test';
import { accessible, expect, haveAccount, test } from './support';
import { silence } from './sound';
import { workerIsReady } from './worker';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const picture = (name: string) => ({ name, mimeType: 'image/png', buffer: Buffer.from(PIXEL, 'base64') });

/** A picture as a drag or a paste carries it. */
function carried(page: Page, name: string): Promise<JSHandle<DataTransfer>> {
  return page.evaluateHandle(
    ([base64, fileName]) => {
      const bytes = Uint8Array.from(atob(base64 ?? ''), character => character.charCodeAt(0));
      const carried = new DataTransfer();
      carried.items.add(new File([bytes], fileName ?? '', { type: 'image/png' }));
      return carried;
    },
    [PIXEL, name],
  );
}

async function begin(page: Page, title: string, text: string): Promise<void> {
  await page.goto('/write');
  await page.getByRole('textbox', { name: 'Title' }).fill(title);
  await page.getByRole('textbox', { name: 'Text' }).click();
  await page.keyboard.insertText(text);
}

test('a picture that is dropped into the text is shown there, and on the page of pictures @phone', async ({ page }) => {
  await haveAccount(page);
  await begin(page, 'At the sea', 'The light.');
  await page
    .getByRole('textbox', { name: 'Text' })
    .dispatchEvent('drop', { dataTransfer: await carried(page, 'sea.png') });
  await expect(page.getByText('Shown in the text')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('![sea](media:');
  await accessible(page);
  await page.getByRole('button', { name: 'Done' }).click();
  const image = page.getByRole('img', { name: 'sea' });
  await expect(image).toBeVisible();
  await expect.poll(() => image.evaluate((element: HTMLImageElement) => element.naturalWidth)).toBeGreaterThan(0);
  await page.goto('/photos');
  await expect(page.getByText('1 file')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: /sea\.png/ }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.locator('mf-confirm').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('Something still uses it.')).toBeVisible();
});

test('a picture that is pasted is in the preview, and gone when it is removed', async ({ page }) => {
  await haveAccount(page);
  await begin(page, 'Pasted', 'Before.');
  const data = await carried(page, 'pasted.png');
  await page
    .getByRole('textbox', { name: 'Text' })
    .evaluate(
      (element, clipboardData) =>
        element.dispatchEvent(
          new ClipboardEvent('paste', { clipboardData, bubbles: true, composed: true, cancelable: true }),
        ),
      data,
    );
  await expect(page.getByText('Shown in the text')).toBeVisible();
  await page.getByRole('button', { name: 'Preview' }).first().click();
  await expect(page.getByRole('img', { name: 'pasted' })).toBeVisible();
  await page.getByRole('button', { name: 'Remove pasted.png' }).click();
  await expect(page.getByRole('img', { name: 'pasted' })).toHaveCount(0);
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('Before.');
  await expect(page.getByRole('textbox', { name: 'Text' })).not.toContainText('media:');
});

/** Plays what a player has, and answers its address, which gives the file as it was sent, and parts of it. */
async function played(page: Page, player: Locator, sound: Buffer): Promise<string> {
  await player.evaluate((element: HTMLAudioElement) => element.play());
  await expect.poll(() => player.evaluate((element: HTMLAudioElement) => element.currentTime)).toBeGreaterThan(0);
  expect(await player.evaluate((element: HTMLAudioElement) => element.duration)).toBeCloseTo(1, 1);
  const address = await player.evaluate((element: HTMLAudioElement) => element.currentSrc);
  const [whole, part] = [
    await page.request.get(address),
    await page.request.get(address, { headers: { range: 'bytes=0-3' } }),
  ];
  expect([whole.status(), part.status()]).toEqual([200, 206]);
  for (const answer of [whole, part]) expect(answer.headers()['content-type']).toBe('audio/ogg');
  expect(await whole.body()).toEqual(sound);
  expect((await part.body()).toString()).toBe('OggS');
  return address;
}

test('a sound is played where its entry is read and on the page of files, and goes with its entry', async ({
  page,
}) => {
  const sound = silence(1);
  await haveAccount(page);
  await begin(page, 'A voice', 'Listen.');
  await page.locator('input[type=file]').setInputFiles({ name: 'voice.ogg', mimeType: 'audio/ogg', buffer: sound });
  await expect(page.getByText('Shown in the text')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Text' })).toContainText('![voice](media:');
  await page.getByRole('button', { name: 'Done' }).click();
  const player = page.locator('mf-markdown audio');
  await expect(player).toBeVisible();
  await expect(player).toHaveAttribute('title', 'voice');
  await accessible(page);
  await played(page, player, sound);
  const entry = page.url();

  await page.goto('/photos');
  await page.getByRole('radio', { name: 'Sounds' }).check();
  await page.getByRole('button', { name: /voice\.ogg/u }).click();
  const dialog = page.getByRole('dialog', { name: 'voice.ogg' });
  await expect(dialog.getByText('audio/ogg · 0:01')).toBeVisible();
  await accessible(page);
  const address = await played(page, dialog.locator('audio'), sound);

  await page.goto(entry);
  const deleted = page.waitForResponse(answer => answer.request().postData()?.includes('deleteJournalEntry') ?? false);
  await page.getByRole('button', { name: 'Delete' }).click();
  await deleted;
  await page.goto('/trash');
  await page.getByRole('button', { name: 'Remove for good: A voice' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove for good' }).click();
  await expect(page.getByText('The trash is empty')).toBeVisible();
  await expect.poll(async () => (await page.request.get(address)).status(), { timeout: 30_000 }).toBe(404);
  await page.goto('/photos');
  await expect(page.getByText('No pictures yet')).toBeVisible();
});

test('a picture that met no network is sent when there is one', async ({ page, context }) => {
  await haveAccount(page);
  await begin(page, 'In the tunnel', 'Dark.');
  await context.setOffline(true);
  await page.locator('input[type=file]').setInputFiles(picture('dark.png'));
  await expect(page.getByText('The platform cannot be reached.').first()).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText('Shown in the text')).toBeVisible({ timeout: 30_000 });
});

test('a picture that was seen is shown without a network, and is gone with its user', async ({ device }) => {
  const page = await device({ serviceWorkers: 'allow' });
  const context = page.context();
  await haveAccount(page);
  await begin(page, 'The bay', 'Blue.');
  await page.locator('input[type=file]').setInputFiles(picture('bay.png'));
  await expect(page.getByText('Shown in the text')).toBeVisible();
  await page.getByRole('button', { name: 'Done' }).click();
  const image = page.getByRole('img', { name: 'bay' });
  const width = () => image.evaluate((element: HTMLImageElement) => element.naturalWidth);
  await expect(image).toBeVisible();
  await workerIsReady(page);
  await expect.poll(width).toBeGreaterThan(0);
  const kept = () =>
    page.evaluate(async () => {
      const names = (await caches.keys()).filter(name => name.includes(':data:') && name.endsWith(':cache'));
      const all = await Promise.all(names.map(async name => (await (await caches.open(name)).keys()).length));
      return all.reduce((sum, count) => sum + count, 0);
    });
  await expect.poll(kept).toBeGreaterThan(0);
  await context.setOffline(true);
  await page.reload();
  await expect(page.getByText('Blue.')).toBeVisible();
  await expect.poll(width).toBeGreaterThan(0);
  await context.setOffline(false);
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await expect.poll(kept).toBe(0);
});

test('how far a file has been sent is shown, and it can be ended', async ({ page, context }) => {
  await haveAccount(page);
  await begin(page, 'A long way', 'Wait.');
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 300_000,
  });
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'long.png', mimeType: 'image/png', buffer: Buffer.alloc(4_000_000, 7) });
  const progress = page.getByRole('progressbar', { name: 'long.png is being sent' });
  await expect.poll(() => progress.evaluate((element: HTMLProgressElement) => element.value)).toBeGreaterThan(0.1);
  await accessible(page);
  await page.getByRole('button', { name: 'Do not add long.png' }).click();
  await expect(progress).toHaveCount(0);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'A long way' })).toBeVisible();
});

test('a file that is not taken says why, and does not stand in the way', async ({ page }) => {
  await haveAccount(page);
  await begin(page, 'With a file', 'Text.');
  const text = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('not a picture') };
  const large = { name: 'large.png', mimeType: 'image/png', buffer: Buffer.alloc(10 * 1024 * 1024 + 1) };
  await page.locator('input[type=file]').setInputFiles([text, large]);
  await expect(page.getByText('This kind of file is not taken.')).toBeVisible();
  await expect(page.getByText('This file is too large')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'Go on without the files?' })).toBeVisible();
  await page.getByRole('button', { name: 'Go on without them' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'With a file' })).toBeVisible();
});
