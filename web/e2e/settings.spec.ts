import { writeFile } from 'node:fs/promises';
import { haveWritten } from './another-client';
import { Receiver, isSigned } from './receiver';
import { accessible, expect, haveAccount, haveSignedIn, signIn, test } from './support';
import { confirmEmail, mailedLink, needsOperator, totp } from './operator';

/** Of a service worker, what a story needs. */
interface ServiceWorkerScope extends EventTarget {
  readonly registration: ServiceWorkerRegistration;
  readonly NotificationEvent: new (type: string, init: unknown) => Event;
}

/** How long an export or an import of nearly nothing may take: it begins within a second, or with the next minute. */
const JOB_MS = 90_000;

test('the settings speak German', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/settings');
  await page.getByRole('radio', { name: 'Deutsch' }).check();
  await expect(page.getByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible();
  await page.getByRole('link', { name: 'Sicherheit' }).click();
  await expect(page.getByRole('heading', { name: 'Wo du angemeldet bist' })).toBeVisible();
  await expect(page).toHaveTitle(/Sicherheit/u);
});

test('notifications, quiet hours and reminders are as they were set', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/settings/notifications');
  await page.getByRole('switch', { name: 'By email' }).uncheck();
  await page.getByRole('switch', { name: 'Keep quiet at certain hours' }).check();
  await page.getByLabel('From', { exact: true }).selectOption('21');
  await page.getByRole('button', { name: 'Add a reminder' }).click();
  await page.getByLabel('Sunday').uncheck();
  await page.getByLabel('Saturday').uncheck();
  await page.getByLabel('Time', { exact: true }).fill('19:30');
  await page.getByLabel('By', { exact: true }).selectOption('EMAIL');
  await page.getByRole('button', { name: 'Save the reminder' }).click();
  await expect(page.getByText('Confirm your email address first: follow the link')).toBeVisible();
  await page.getByLabel('By', { exact: true }).selectOption('PUSH');
  await page.getByRole('button', { name: 'Save the reminder' }).click();
  await expect(page.getByText('Monday to Friday · Push message')).toBeVisible();
  await accessible(page);
  await page.reload();
  await expect(page.getByRole('switch', { name: 'By email' })).not.toBeChecked();
  await expect(page.getByLabel('From', { exact: true })).toHaveValue('21');
  await expect(page.getByLabel('Until', { exact: true })).toHaveValue('7');
  await page.getByRole('button', { name: 'Delete the reminder at 19:30' }).click();
  await expect(page.getByText('Monday to Friday · Push message')).toHaveCount(0);
  await page.getByRole('switch', { name: 'Keep quiet at certain hours' }).uncheck();
  await expect(page.getByLabel('From', { exact: true })).toHaveCount(0);
});

test('push is switched on and off on this device, and a click on a message opens its page', async ({ device }) => {
  const page = await device({ serviceWorkers: 'allow', permissions: ['notifications'] });
  // No push service can be reached here: a subscription as a browser makes it, of an address that takes none.
  await page.addInitScript(() => {
    const KEPT = 'subscription-of-a-story';
    const written = (bytes: ArrayBuffer) =>
      btoa(String.fromCharCode(...new Uint8Array(bytes)))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '');
    const kept = () => {
      const json = sessionStorage.getItem(KEPT);
      if (json === null) return null;
      const unsubscribe = async () => (sessionStorage.removeItem(KEPT), true);
      return { ...JSON.parse(json), toJSON: () => JSON.parse(json), unsubscribe } as PushSubscription;
    };
    PushManager.prototype.getSubscription = async () => kept();
    PushManager.prototype.subscribe = async () => {
      const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
      const p256dh = written(await crypto.subtle.exportKey('raw', pair.publicKey));
      const keys = { p256dh, auth: written(crypto.getRandomValues(new Uint8Array(16)).buffer) };
      sessionStorage.setItem(KEPT, JSON.stringify({ endpoint: 'https://push.mindflow-stories.example/1', keys }));
      return kept() as PushSubscription;
    };
  });
  await haveAccount(page);
  await page.goto('/settings/notifications');
  const push = page.locator('mf-push-section');
  await push.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('This browser shows messages')).toBeVisible();
  await page.reload();
  await expect(page.getByText('This browser shows messages')).toBeVisible();

  const [worker] = page.context().serviceWorkers();
  await worker?.evaluate(async () => {
    const scope = globalThis as unknown as ServiceWorkerScope;
    const data = { onActionClick: { default: { operation: 'navigateLastFocusedOrOpen', url: '/insights' } } };
    await scope.registration.showNotification('Your insights are ready', { data });
    const [notification] = await scope.registration.getNotifications();
    scope.dispatchEvent(new scope.NotificationEvent('notificationclick', { notification, action: '' }));
  });
  await expect(page).toHaveURL(/\/insights$/u);

  await page.goto('/settings/notifications');
  await push.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByText('This browser shows no messages')).toBeVisible();
});

test('a reminder without a day says what it needs, and nothing is lost', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/settings/notifications');
  await page.getByRole('button', { name: 'Add a reminder' }).click();
  for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'])
    await page.getByLabel(day).uncheck();
  await page.getByRole('button', { name: 'Save the reminder' }).click();
  await expect(page.getByText('This is needed.')).toBeVisible();
  await page.getByLabel('Friday').check();
  await page.getByRole('button', { name: 'Save the reminder' }).click();
  await expect(page.getByText('Fri · Push message')).toBeVisible();
});

test('a webhook shows its secret once, and an address inside is refused', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/settings/webhooks');
  await page.getByRole('button', { name: 'Add a webhook' }).click();
  await page.getByLabel('Address').fill('https://localhost/hook');
  await page.getByRole('button', { name: 'Save the webhook' }).click();
  await expect(page.getByText('This address is not on the public internet.')).toBeVisible();
  await page.getByLabel('Address').fill('https://hooks.mindflow-stories.example/journal');
  await page.getByLabel('A mood was recorded').check();
  await page.getByRole('button', { name: 'Save the webhook' }).click();
  await expect(page.getByText('It is shown only now')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await expect(page.getByText('JournalEntryCreated, MoodRecorded')).toBeVisible();
  await page.getByText('What was sent lately').click();
  await expect(page.getByText('Nothing was sent to this address lately.')).toBeVisible();
  await page.reload();
  await expect(page.getByText('https://hooks.mindflow-stories.example/journal')).toBeVisible();
  await expect(page.getByText('It is shown only now')).toHaveCount(0);
  await page.getByRole('button', { name: /^Delete the webhook/u }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No webhooks')).toBeVisible();
});

test('a webhook is called with what happened, and is switched on again after its receiver was away', async ({
  page,
}) => {
  const receiver = await Receiver.start();
  await haveAccount(page);
  await page.goto('/settings/webhooks');
  await page.getByRole('button', { name: 'Add a webhook' }).click();
  await page.getByLabel('Address').fill(receiver.url);
  await page.getByRole('button', { name: 'Save the webhook' }).click();
  await expect(page.getByText('Active')).toBeVisible();
  const secret = (await page.locator('.settings__secret').textContent()) ?? '';

  await haveWritten(page, [{ title: 'Read by a program' }]);
  await expect.poll(() => receiver.deliveries.length, { timeout: 30_000 }).toBe(1);
  const [delivery] = receiver.deliveries;
  expect(delivery && isSigned(delivery, secret)).toBe(true);
  expect(JSON.parse(delivery?.body ?? '{}')).toMatchObject({ eventType: 'JournalEntryCreated' });
  await page.reload();
  await page.getByText('What was sent lately').click();
  await expect(page.locator('.settings__details li')).toHaveCount(1);
  await page.goto('/settings/privacy');
  await expect(page.getByRole('row').filter({ hasText: 'Your webhook' })).toContainText('127.0.0.1');
  await accessible(page);

  // `410 Gone`: its receiver wants no more.
  receiver.status = 410;
  await haveWritten(page, [{ title: 'Not wanted' }]);
  await page.goto('/settings/webhooks');
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('Switched off', { exact: true })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await expect(page.getByText('The receiver says that it is gone (410).')).toBeVisible();
  await accessible(page);
  await page.getByRole('button', { name: 'Switch on again' }).click();
  await expect(page.getByText('Active')).toBeVisible();

  await receiver.end();
  await haveWritten(page, [{ title: 'Not heard' }]);
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('Does not answer')).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
});

test('a password is changed, and other devices are signed out', async ({ page, device }) => {
  const who = await haveAccount(page);
  const other = await device();
  await haveSignedIn(other, who);
  await page.goto('/settings/security');
  await expect(page.getByRole('button', { name: 'Sign out everywhere else' })).toBeVisible();
  await page.getByLabel('Present password').fill('not the password');
  await page.getByLabel('New password').fill('a longer secret of mine');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('This is not right.')).toBeVisible();
  await page.getByLabel('Present password').fill(who.password);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('The password was changed.')).toBeVisible();
  await other.goto('/settings/security');
  await expect(other.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await signIn(other, { ...who, password: 'a longer secret of mine' });
});

test('a session of another device is ended', async ({ page, device }) => {
  const who = await haveAccount(page);
  const other = await device();
  await haveSignedIn(other, who);
  await page.goto('/settings/security');
  await page
    .getByRole('button', { name: /^Sign out (?!everywhere)/u })
    .first()
    .click();
  await expect(page.getByText('Signed out.', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign out everywhere else' })).toHaveCount(0);
});

test('a second factor is set up by its picture, asked for at the sign-in, and recovery codes stand in', async ({
  page,
  device,
}) => {
  needsOperator();
  test.setTimeout(120_000);
  const who = await haveAccount(page);
  await confirmEmail(page, who.email);
  await page.goto('/settings/security');
  const factor = page.locator('mf-second-factor-section');
  await factor.getByRole('button', { name: 'Set up' }).click();
  await factor.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByRole('img', { name: 'QR code for an authenticator app' })).toBeVisible();
  await accessible(page);
  const secret = (await page.locator('.settings__secret').textContent()) ?? '';
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('This is not right.')).toBeVisible();
  await page.getByLabel('Code', { exact: true }).fill(totp(secret));
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
  const codes = await page.locator('.codes code').allTextContents();
  expect(new Set(codes).size).toBe(10);
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await expect(page.getByText(codes[0] ?? '')).toHaveCount(0);
  const other = await device();
  await other.goto('/sign-in');
  await other.getByLabel('Email').fill(who.email);
  await other.getByLabel('Password').fill(who.password);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByLabel(/code/iu).fill(codes[0] ?? '');
  await other.getByRole('button', { name: /Sign in|Confirm|Go on/u }).click();
  await expect(other.getByRole('heading', { level: 1, name: new RegExp(who.name) })).toBeVisible();
  await factor.getByRole('button', { name: 'Switch off' }).click();
  await factor.getByLabel('Password').fill(who.password);
  await factor.getByLabel('Code', { exact: true }).fill(codes[1] ?? '');
  await factor.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByText('The second factor is off.')).toBeVisible();
});

test('the address becomes another one by the link of a mail', async ({ page }) => {
  needsOperator();
  const who = await haveAccount(page);
  const next = who.email.replace('ann-', 'next-');
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Change the address' }).click();
  await page.getByLabel('New email').fill(next);
  await page.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText(`A link is on its way to ${next}`)).toBeVisible();
  await page.goto((await mailedLink(next, 'confirm-email-change')).replace('/auth', ''));
  await accessible(page);
  await page.getByRole('button', { name: 'Confirm this address' }).click();
  await expect(page.getByText('Your account has this address now.')).toBeVisible();
  await page.goto('/settings');
  await expect(page.getByText(next).first()).toBeVisible();
});

test('the consent to AI is said and taken back, and the ledger says what has left', async ({ page }) => {
  await haveAccount(page);
  await page.goto('/settings/privacy');
  const consent = page.getByRole('switch', { name: 'Services outside may read what I write' });
  await consent.setChecked(!(await consent.isChecked()));
  await expect(page.getByText(/^As you said on/u)).toBeVisible();
  const said = await consent.isChecked();
  await page.reload();
  await expect(consent).toBeChecked({ checked: said });
  await expect(page.getByText('Nothing has left the platform.')).toBeVisible();
});

test('a journal is exported, and an import of it says first that all of it is there', async ({ page }, info) => {
  await haveAccount(page);
  await haveWritten(page, [{ title: 'To take along', content: 'It goes out and comes in again.' }]);
  await page.goto('/settings/data');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(page.getByRole('progressbar', { name: 'Export' })).toBeVisible();
  const link = page.getByRole('link', { name: 'Download' });
  await expect(link).toBeVisible({ timeout: JOB_MS });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  const path = info.outputPath('journal.zip');
  await download.saveAs(path);
  await page.locator('input[type=file]').setInputFiles(path);
  await page.getByRole('button', { name: 'Read the file' }).click();
  await expect(page.getByRole('progressbar', { name: 'Import' })).toBeVisible();
  await expect(page.getByText('1 record that is there already')).toBeVisible({ timeout: JOB_MS });
  await accessible(page);
  await page.getByRole('button', { name: 'Import it' }).click();
  await expect(page.getByText('It brought:')).toBeVisible({ timeout: JOB_MS });
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'To take along' })).toHaveCount(1);
  await page.goto('/settings/data');
  await page.getByRole('button', { name: 'Delete this file' }).click();
  await expect(page.getByRole('link', { name: 'Download' })).toHaveCount(0);
});

test('a large file is sent in pieces, goes on where it stopped, and is refused with a reason where it is no journal', async ({
  page,
  device,
}, info) => {
  await haveAccount(page);
  await page.goto('/settings/data');
  const path = info.outputPath('noise.zip');
  await writeFile(path, Buffer.alloc(9 * 1024 * 1024, 7));
  const pieces: string[] = [];
  const stop = Promise.withResolvers<void>();
  await page.route('**/portability/uploads**', async route => {
    pieces.push(`${route.request().method()} ${new URL(route.request().url()).search}`);
    // The second piece does not arrive until the upload is stopped.
    if (pieces.length === 2) await stop.promise;
    await route.continue().catch(() => undefined);
  });
  await page.locator('input[type=file]').setInputFiles(path);
  await page.getByRole('button', { name: 'Read the file' }).click();
  await expect(page.getByText('Sending: 4.2 MB of 9.4 MB')).toBeVisible();
  await expect(page.getByRole('progressbar', { name: 'Upload' })).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByRole('progressbar', { name: 'Upload' })).toHaveCount(0);
  stop.resolve();
  await page.reload();
  await page.locator('input[type=file]').setInputFiles(path);
  await page.getByRole('button', { name: 'Read the file' }).click();
  await expect(page.locator('.row__wrong').first()).toHaveText('This is not a ZIP archive, or it is damaged.', {
    timeout: JOB_MS,
  });
  // One asks how much is there, and the rest follows.
  expect(pieces.filter(piece => piece.startsWith('POST'))).toHaveLength(1);
  expect(pieces.at(-1)).toBe('PATCH ?offset=8388608');

  const german = await device({ storageState: await page.context().storageState(), locale: 'de-DE' });
  await german.goto('/settings/data');
  await expect(german.locator('.row__wrong').first()).toHaveText('Das ist kein ZIP-Archiv, oder es ist beschädigt.');
});

test('an account that is to go can be kept, and its receipt is read without a session', async ({ page, device }) => {
  const who = await haveAccount(page);
  await page.goto('/settings/data');
  await page.getByRole('button', { name: 'Delete my account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Password').fill('not the password');
  await dialog.getByRole('button', { name: 'Delete it' }).click();
  await expect(dialog.getByText('This is not right.')).toBeVisible();
  await accessible(page);
  await dialog.getByLabel('Password').fill(who.password);
  await dialog.getByRole('button', { name: 'Delete it' }).click();
  await expect(page.getByText(/^This account is deleted on/u)).toBeVisible();
  const receipt = await page.locator('a[href^="/receipt/"]').getAttribute('href');
  const other = await device();
  await other.goto(receipt ?? '');
  await expect(other.getByRole('heading', { name: 'Receipt of a deletion' })).toBeVisible();
  await expect(other.getByText('Not yet').first()).toBeVisible();
  await accessible(other);
  await page.getByRole('button', { name: 'Keep my account' }).click();
  await expect(page.getByText('Your account stays.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Delete my account' })).toBeVisible();
});
