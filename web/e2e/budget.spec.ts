import { firstLoad } from './first-load';
import { expect, haveAccount, test } from './support';

/** As the project's budget says. */
const FIRST_LOAD_BYTES_MAX = 200_000;

test('a first load takes at most 200 kB, and neither the editor nor the charts', async ({ page, device }) => {
  await haveAccount(page);
  const session = await page.context().storageState();
  for (const [path, options] of [
    ['/sign-in', {}],
    ['/', { storageState: session }],
  ] as const) {
    // Without the service worker, which takes the other files when the page is there.
    const load = await firstLoad(await device({ ...options, serviceWorkers: 'block' }), path);
    const largest = load.files.toSorted((a, b) => b.bytes - a.bytes).map(file => `${file.path} ${file.bytes}`);
    expect(load.bytes, `${path}: ${largest.slice(0, 12).join(', ')}`).toBeLessThanOrEqual(FIRST_LOAD_BYTES_MAX);
  }
});
