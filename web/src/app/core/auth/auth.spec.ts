import { TestBed } from '@angular/core/testing';
import { LocalSettings } from '../settings/local-settings';
import { Auth } from './auth';
import type { Person } from './session';

const ann: Person = {
  id: 'ann',
  email: 'ann@example.org',
  displayName: 'Ann',
  roles: ['USER'],
  timezone: 'Europe/Berlin',
  createdAt: '2026-01-01T00:00:00Z',
  emailConfirmed: true,
  secondFactor: false,
};

/** Answers of `/auth/…` in their order; null: the platform does not answer. */
function platform(...answers: ({ status: number; body: unknown } | null)[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path);
    const answer = answers.shift();
    if (!answer) throw new TypeError('Failed to fetch');
    return new Response(answer.status === 204 ? null : JSON.stringify(answer.body), { status: answer.status });
  });
  return asked;
}

const grant = (token: string, expiresIn = 900, user = ann) => ({
  status: 200,
  body: { accessToken: token, tokenType: 'Bearer', expiresIn, user },
});
const refused = { status: 401, body: { type: 'unauthenticated', status: 401, detail: 'log in' } };

function remembered(): void {
  new LocalSettings().write('person', JSON.stringify(ann));
}

/** BroadcastChannel calls its listeners later. */
const announced = () => new Promise(resolve => setTimeout(resolve, 30));

describe('the session', () => {
  beforeEach(() => localStorage.clear());
  afterEach(() => vi.unstubAllGlobals());

  it('is none where no user was signed in, without asking', async () => {
    const asked = platform();
    const auth = TestBed.inject(Auth);
    await auth.start();
    expect(auth.state()).toBe('out');
    expect(asked).toEqual([]);
    expect(await auth.token()).toBeNull();
  });

  it('goes on by the cookie', async () => {
    remembered();
    platform(grant('one'));
    const auth = TestBed.inject(Auth);
    await auth.start();
    expect(auth.state()).toBe('in');
    expect(await auth.token()).toBe('one');
  });

  it('is who was there last while the platform is away, so that what is kept can be read', async () => {
    remembered();
    platform(null, grant('two'));
    const auth = TestBed.inject(Auth);
    await auth.start();
    expect(auth.state()).toBe('in');
    expect(auth.person()?.displayName).toBe('Ann');
    expect(await auth.token()).toBe('two');
  });

  it('is over at the start when the cookie is refused, and the address is remembered', async () => {
    platform(grant('one'));
    await TestBed.inject(Auth).signIn('ann@example.org', 'correct horse');
    TestBed.resetTestingModule();
    platform(refused);
    const auth = TestBed.inject(Auth);
    await auth.start();
    expect(auth.state()).toBe('out');
    expect(auth.lastEmail).toBe('ann@example.org');
  });

  it('expires without leaving the page when it ends later', async () => {
    platform(grant('one'), refused, grant('three'));
    const auth = TestBed.inject(Auth);
    await auth.signIn('ann@example.org', 'correct horse');
    expect(await auth.tokenAfter('one')).toBeNull();
    expect(auth.state()).toBe('expired');
    expect(auth.person()?.id).toBe('ann');
    expect(await auth.token()).toBeNull();
    await auth.signIn('ann@example.org', 'correct horse');
    expect(auth.state()).toBe('in');
    expect(await auth.token()).toBe('three');
  });

  it('renews a token before its end, once for all who ask', async () => {
    const asked = platform(grant('short', 10), grant('fresh'));
    const auth = TestBed.inject(Auth);
    await auth.signIn('ann@example.org', 'correct horse');
    expect(await Promise.all([auth.token(), auth.token(), auth.token()])).toEqual(['fresh', 'fresh', 'fresh']);
    expect(asked).toEqual(['/auth/login', '/auth/refresh']);
  });

  it('asks for a code where the account has a second factor', async () => {
    platform({ status: 202, body: { secondFactor: 'TOTP', challenge: 'sealed', expiresIn: 300 } }, grant('one'));
    const auth = TestBed.inject(Auth);
    const challenge = await auth.signIn('ann@example.org', 'correct horse');
    expect(challenge?.challenge).toBe('sealed');
    expect(auth.state()).toBe('out');
    await auth.completeSignIn('sealed', '123456');
    expect(auth.state()).toBe('in');
  });

  it('takes the token that another tab was given', async () => {
    platform();
    const auth = TestBed.inject(Auth);
    const other = new BroadcastChannel('mindflow-auth');
    other.postMessage({ kind: 'granted', token: 'theirs', endsAt: Date.now() + 900_000, person: ann });
    await vi.waitUntil(() => auth.state() === 'in');
    expect(await auth.token()).toBe('theirs');
    other.close();
  });

  it('waits for its own person when another one signs in in another tab', async () => {
    platform(grant('one'));
    const auth = TestBed.inject(Auth);
    await auth.signIn('ann@example.org', 'correct horse');
    const other = new BroadcastChannel('mindflow-auth');
    other.postMessage({
      kind: 'granted',
      token: 'theirs',
      endsAt: Date.now() + 900_000,
      person: { ...ann, id: 'ben' },
    });
    await vi.waitUntil(() => auth.state() === 'expired');
    expect(await auth.token()).toBeNull();
    expect(auth.person()?.id).toBe('ann');
    other.close();
  });

  it('ends in all tabs, and here also when the platform does not answer', async () => {
    platform(grant('one'), null);
    const auth = TestBed.inject(Auth);
    await auth.signIn('ann@example.org', 'correct horse');
    const heard: unknown[] = [];
    const other = new BroadcastChannel('mindflow-auth');
    other.addEventListener('message', event => heard.push(event.data));
    await auth.signOut();
    await announced();
    expect(auth.state()).toBe('out');
    expect(heard).toEqual([{ kind: 'signed-out' }]);
    expect(auth.lastEmail).toBe('');
    other.close();
  });
});
