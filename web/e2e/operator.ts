import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Page, expect, test } from '@playwright/test';
import { ask } from './another-client';
import { type Writer, haveAccount, takeSession } from './support';

/** The platform's own program and its data directory, as who starts the host gives them: what an operator has, and a user has not. */
const program = process.env['MINDFLOW_BIN'];
const data = process.env['MINDFLOW_DATA_DIR'];
/** Its manifest: the one that is named, the one next to the program, or the repository's. */
const manifest =
  process.env['MINDFLOW_MANIFEST'] ??
  [join(dirname(program ?? ''), 'spin.toml'), new URL('../../spin.toml', import.meta.url).pathname].find(existsSync) ??
  '';

/** Stories of operators run where the host is at hand; `scripts/test` always has it. */
export function needsOperator(): void {
  test.skip(
    !program || !data,
    'MINDFLOW_BIN and MINDFLOW_DATA_DIR name the program and the data directory of the host',
  );
}

/** Stories of meaning run where the host has a sentence model; `scripts/test` gives it `embedder.ts`. */
export function needsModel(): void {
  const has = process.env['MINDFLOW_EMBEDDINGS__BACKEND'] === 'local';
  test.skip(!has, 'MINDFLOW_EMBEDDINGS__BACKEND is "local" where the host has a sentence model');
}

export async function grant(email: string, role: 'admin' | 'premium'): Promise<void> {
  await operate('users', 'grant', email, role);
}

/** Makes an account that is an administrator's, and opens no page. */
export async function haveAdministrator(page: Page): Promise<Writer> {
  const who = await haveAccount(page);
  await grant(who.email, 'admin');
  // With its role.
  await takeSession(page, '/auth/refresh');
  return who;
}

/** A command of the platform's own command line, which finds the host by its data directory. */
export async function operate(...words: string[]): Promise<string> {
  const where = ['--manifest', manifest, '--data-dir', data ?? ''];
  return (await promisify(execFile)(program ?? '', [...where, ...words], { cwd: dirname(manifest) })).stdout;
}

/** The file that the host runs as a component. */
export function componentFile(name: string): string {
  const file = new RegExp(`^component = "(.*/${name}\\.wasm)"$`, 'mu').exec(readFileSync(manifest, 'utf8'))?.[1];
  return resolve(dirname(manifest), file ?? '');
}

/** The path of the page that a mail leads to, such as `/auth/confirm-email/…`. */
export async function mailedLink(email: string, kind: string): Promise<string> {
  let link: string | undefined;
  await expect
    .poll(async () => (link = await lookForLink(email, kind)), { timeout: 30_000, message: `a mail to ${email}` })
    .toBeDefined();
  return link ?? '';
}

async function lookForLink(email: string, kind: string): Promise<string | undefined> {
  const folder = join(data ?? '', 'mail');
  for (const name of await readdir(folder).catch(() => [])) {
    // Quoted-printable: long lines are broken, and `=` is written as its number.
    const text = (await readFile(join(folder, name), 'utf8')).replace(/=\r?\n/gu, '').replace(/=3D/gu, '=');
    const link = new RegExp(`/auth/${kind}/[\\w-]+`, 'u').exec(text)?.[0];
    if (text.toLowerCase().includes(email.toLowerCase()) && link) return link;
  }
  return undefined;
}

/** Confirms the address with the token of the first mail, without its page. */
export async function confirmEmail(page: Page, email: string): Promise<void> {
  const token = (await mailedLink(email, 'confirm-email')).split('/').at(-1);
  await ask(page, 'mutation ($token: String!) { confirmEmail(token: $token) }', { token });
}

/** Gives an account a second factor, and answers its secret. */
export async function haveSecondFactor(page: Page, { email, password }: Writer): Promise<string> {
  await confirmEmail(page, email);
  const { beginTotp } = await ask<{ beginTotp: { secret: string } }>(
    page,
    'mutation ($password: String!) { beginTotp(password: $password) { secret } }',
    { password },
  );
  const code = totp(beginTotp.secret);
  await ask(page, 'mutation ($code: String!) { confirmTotp(code: $code) { __typename } }', { code });
  return beginTotp.secret;
}

/** The code of the next half minute: the one of now was taken when the second factor was switched on, and a code is good once. */
export function nextTotp(secret: string): string {
  return totp(secret, Date.now() + 30_000);
}

/** The code that an authenticator shows now (RFC 6238), of a secret in base32. */
export function totp(secret: string, at = Date.now()): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/[\s=]/gu, '')].map(letter => alphabet.indexOf(letter).toString(2).padStart(5, '0'));
  const bytes = bits.join('').match(/.{8}/gu) ?? [];
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac('sha1', Buffer.from(bytes.map(byte => Number.parseInt(byte, 2))))
    .update(step)
    .digest();
  const offset = (hash.at(-1) ?? 0) & 0x0f;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
