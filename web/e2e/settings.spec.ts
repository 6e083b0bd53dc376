import { accessible, expect, signIn, signUp, test, write } from './support';
import { confirmEmail, mailedLink, needsOperator, totp } from './operator';

const PARTS = ['', '/notifications', '/security', '/privacy', '/webhooks', '/data'];

test('every part of the settings is accessible, on a phone as well @phone', async ({ page }) => {
  await signUp(page);
  for (const part of PARTS) {
    await page.goto(`/settings${part}`);
    await expect(page.getByRole('heading', { level: 2 }).first()).toBeVisible();
    await expect(page.locator('.skeleton')).toHaveCount(0);
    await accessible(page);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(tooWide, `${part} scrolls sideways`).toBe(false);
  }
});

test('the settings speak German', async ({ page }) => {
  await signUp(page);
  await page.goto('/settings');
  await page.getByRole('radio', { name: 'Deutsch' }).check();
  await expect(page.getByRole('heading', { level: 1, name: 'Einstellungen' })).toBeVisible();
  await page.getByRole('link', { name: 'Sicherheit' }).click();
  await expect(page.getByRole('heading', { name: 'Wo du angemeldet bist' })).toBeVisible();
  await expect(page).toHaveTitle(/Sicherheit/u);
});

test('notifications, quiet hours and reminders are as they were set', async ({ page }) => {
  await signUp(page);
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

test('a reminder without a day says what it needs, and nothing is lost', async ({ page }) => {
  await signUp(page);
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
  await signUp(page);
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

test('a password is changed, and other devices are signed out', async ({ page, device }) => {
  const who = await signUp(page);
  const other = await device();
  await signIn(other, who);
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
  const who = await signUp(page);
  const other = await device();
  await signIn(other, who);
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
  const who = await signUp(page);
  await confirmEmail(page, who.email);
  await page.goto('/settings/security');
  const factor = page.locator('mf-second-factor-section');
  await factor.getByRole('button', { name: 'Set up' }).click();
  await factor.getByLabel('Password').fill(who.password);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByRole('img', { name: 'QR code for an authenticator app' })).toBeVisible();
  await accessible(page);
  const secret = (await page.locator('.settings__secret').textContent()) ?? '';
  await page.getByLabel('Code').fill('000000');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('This is not right.')).toBeVisible();
  await page.getByLabel('Code').fill(totp(secret));
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
  await factor.getByLabel('Code').fill(codes[1] ?? '');
  await factor.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByText('The second factor is off.')).toBeVisible();
});

test('the address becomes another one by the link of a mail', async ({ page }) => {
  needsOperator();
  const who = await signUp(page);
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
  await signUp(page);
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
  test.setTimeout(180_000);
  await signUp(page);
  await write(page, 'To take along', 'It goes out and comes in again.');
  await page.goto('/settings/data');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const link = page.getByRole('link', { name: 'Download' });
  await expect(link).toBeVisible({ timeout: 90_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  const path = info.outputPath('journal.zip');
  await download.saveAs(path);
  await page.locator('input[type=file]').setInputFiles(path);
  await page.getByRole('button', { name: 'Read the file' }).click();
  await expect(page.getByText('1 record that is there already')).toBeVisible({ timeout: 90_000 });
  await accessible(page);
  await page.getByRole('button', { name: 'Import it' }).click();
  await expect(page.getByText('It brought:')).toBeVisible({ timeout: 90_000 });
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'To take along' })).toHaveCount(1);
});

test('a file that is no journal is refused with a reason', async ({ page }) => {
  test.setTimeout(120_000);
  await signUp(page);
  await page.goto('/settings/data');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'noise.zip', mimeType: 'application/zip', buffer: Buffer.alloc(64, 7) });
  await page.getByRole('button', { name: 'Read the file' }).click();
  await expect(page.locator('.row__wrong').first()).toBeVisible({ timeout: 90_000 });
});

test('an account that is to go can be kept, and its receipt is read without a session', async ({ page, device }) => {
  const who = await signUp(page);
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
