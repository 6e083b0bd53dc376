import { type Page, expect } from '@playwright/test';

export interface FirstLoad {
  /** As sent: compressed, with the heads of the answers. */
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** What a browser that was never here is sent, of the client's own files, until the page is there. */
export async function firstLoad(page: Page, path: string): Promise<FirstLoad> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  const paths = new Map<string, string>();
  const files: { path: string; bytes: number }[] = [];
  devtools.on('Network.responseReceived', ({ requestId, response }) =>
    paths.set(requestId, new URL(response.url).pathname),
  );
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const of = paths.get(requestId) ?? '';
    // What the platform answers of somebody's journal is no part of it.
    if (!/^\/(?:graphql|auth|media)/u.test(of)) files.push({ path: of, bytes: encodedDataLength });
  });
  await page.goto(path, { waitUntil: 'networkidle' });
  await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
  await page.evaluate(() => document.fonts.ready);
  await devtools.detach();
  return { bytes: files.reduce((sum, file) => sum + file.bytes, 0), files };
}
