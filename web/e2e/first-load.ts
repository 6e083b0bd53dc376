import { type Page, expect } from '@playwright/test';

export interface FirstLoad {
  /** As sent, so compressed; without the heads of the answers. */
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** What a browser that was never here is sent, of the client's own files, until the page is there. */
export async function firstLoad(page: Page, path: string): Promise<FirstLoad> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  const begun = new Map<string, { path: string; head: number }>();
  const files: { path: string; bytes: number }[] = [];
  devtools.on('Network.responseReceived', ({ requestId, response }) =>
    begun.set(requestId, { path: new URL(response.url).pathname, head: response.encodedDataLength }),
  );
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const { path, head } = begun.get(requestId) ?? { path: '', head: 0 };
    // What the platform answers of somebody's journal is no part of it.
    if (!/^\/(?:graphql|auth|media)/u.test(path)) files.push({ path, bytes: encodedDataLength - head });
  });
  await page.goto(path, { waitUntil: 'networkidle' });
  await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
  await page.evaluate(() => document.fonts.ready);
  await devtools.detach();
  return { bytes: files.reduce((sum, file) => sum + file.bytes, 0), files };
}
