import { DestroyRef, Injectable, computed, inject, signal } from '@angular/core';
import { failureOf } from '../failure';
import { post } from '../rest';
import { LocalSettings } from '../settings/local-settings';
import { type Challenge, type Grant, type Person, type TabMessage, Token } from './session';

/**
 * - `starting`: whether there is a session is not known yet;
 * - `in`: somebody is signed in, or was when the platform was last heard of;
 * - `expired`: the session has ended, and what is on the page waits for the same person;
 * - `out`: no user is signed in.
 */
export type AuthState = 'starting' | 'in' | 'expired' | 'out';

const PERSON = 'person';
const EMAIL = 'email';
const LOCK = 'mindflow-refresh';
const CHANNEL = 'mindflow-auth';

/**
 * The session. The access token is in memory alone; the refresh token is in a cookie that no script sees. Of all tabs one renews at a
 * time, and hands the new token to the others.
 */
@Injectable({ providedIn: 'root' })
export class Auth {
  private readonly settings = inject(LocalSettings);
  private readonly channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);
  private readonly current = signal<Person | null>(this.keptPerson());
  private readonly now = signal<AuthState>(this.current() ? 'starting' : 'out');
  private held: Token | null = null;
  private renewal: Promise<string | null> | null = null;

  readonly state = this.now.asReadonly();
  readonly person = this.current.asReadonly();
  readonly isIn = computed(() => this.now() === 'in' || this.now() === 'expired');
  readonly isAdmin = computed(() => this.current()?.roles.includes('ADMIN') ?? false);
  readonly isPremium = computed(() => this.current()?.roles.includes('PREMIUM') ?? false);

  /** The address that was signed in with last on this device. */
  get lastEmail(): string {
    return this.settings.read(EMAIL) ?? '';
  }

  constructor() {
    this.channel?.addEventListener('message', (event: MessageEvent<TabMessage>) => this.hear(event.data));
    inject(DestroyRef).onDestroy(() => this.channel?.close());
  }

  /** Finds out who is signed in. Without an answer of the platform it is who was signed in last, who reads what is kept here. */
  async start(): Promise<void> {
    if (this.now() !== 'starting') return;
    try {
      await this.renew();
    } catch {
      // Away: the last user goes on with what is kept here.
    }
    if (this.now() === 'starting') this.now.set('in');
  }

  /** Throws a `Failure`. A challenge means that a code is needed as well. */
  async signIn(email: string, password: string): Promise<Challenge | null> {
    const answer = await post<Grant | Challenge>('/auth/login', { email, password });
    if ('challenge' in answer) return answer;
    await this.granted(answer);
    return null;
  }

  async completeSignIn(challenge: string, code: string): Promise<void> {
    await this.granted(await post<Grant>('/auth/login', { challenge, code }));
  }

  async signUp(email: string, password: string, displayName: string): Promise<void> {
    const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    await this.granted(await post<Grant>('/auth/register', { email, password, displayName, timezone }));
  }

  /** Ends the session here and at the platform. What is kept on this device goes with `Offline.forget`. */
  async signOut(): Promise<void> {
    // A renewal that is under way has the token of the session that is to end.
    await this.renewal?.catch(() => null);
    try {
      await post<void>('/auth/logout', undefined, this.held?.value);
    } catch (error) {
      // Without an answer the session stays at the platform, and ends by itself; here it is over.
      if (!failureOf(error).isPassing) throw error;
    } finally {
      this.settings.write(EMAIL, null);
      this.leave();
      this.tell({ kind: 'signed-out' });
    }
  }

  /**
   * A token that is good, renewed if need be; null where there is no session. Throws a `Failure` when the platform does not answer.
   */
  async token(): Promise<string | null> {
    if (this.held?.isGood(Date.now())) return this.held.value;
    return this.now() === 'out' || this.now() === 'expired' ? null : await this.renew();
  }

  /** After a refusal of a token that looked good: a new one, or null when the session has ended. */
  async tokenAfter(refused: string | null): Promise<string | null> {
    if (this.held && this.held.value === refused) this.held = null;
    return await this.token();
  }

  /** What is known of the person has changed, as by a change of the profile. */
  knows(change: Partial<Person>): void {
    const person = this.current();
    if (person) this.keep({ ...person, ...change });
  }

  /** Takes the tokens of another way in, as of a request that answers a grant. */
  async granted(grant: Grant): Promise<void> {
    this.take(Token.of(grant, Date.now()), grant.user);
    this.tell({
      kind: 'granted',
      token: grant.accessToken,
      endsAt: Date.now() + grant.expiresIn * 1000,
      person: grant.user,
    });
  }

  private renew(): Promise<string | null> {
    this.renewal ??= this.locked(() => this.refresh()).finally(() => (this.renewal = null));
    return this.renewal;
  }

  private async refresh(): Promise<string | null> {
    // While this tab waited for its turn, another one may have announced a new token.
    if (this.held?.isGood(Date.now())) return this.held.value;
    try {
      const grant = await post<Grant>('/auth/refresh');
      // Meanwhile another tab has signed out: what came is of a session that has ended.
      if (this.now() === 'out') return null;
      await this.granted(grant);
      return grant.accessToken;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code !== 'UNAUTHENTICATED') throw failure;
      this.ended();
      return null;
    }
  }

  private async locked<T>(action: () => Promise<T>): Promise<T> {
    if (!('locks' in navigator)) return await action();
    return await navigator.locks.request(LOCK, action);
  }

  private ended(): void {
    if (this.now() === 'out') return;
    if (this.now() === 'starting') {
      // Nothing was typed yet. What is kept on this device waits for the same person, who signs in first.
      this.leave();
      return;
    }
    this.held = null;
    this.now.set('expired');
  }

  private leave(): void {
    this.held = null;
    this.current.set(null);
    this.settings.write(PERSON, null);
    this.now.set('out');
  }

  private take(token: Token, person: Person): void {
    this.held = token;
    this.keep(person);
    this.now.set('in');
  }

  private keep(person: Person): void {
    this.current.set(person);
    this.settings.write(EMAIL, person.email);
    this.settings.write(PERSON, JSON.stringify(person));
  }

  private tell(message: TabMessage): void {
    this.channel?.postMessage(message);
  }

  private hear(message: TabMessage): void {
    if (message.kind === 'signed-out') {
      if (this.now() !== 'out') this.leave();
      return;
    }
    const own = this.current();
    // Another person in another tab: the cookie is theirs now, so this tab asks its own to sign in.
    if (own && own.id !== message.person.id) {
      this.held = null;
      this.now.set('expired');
      return;
    }
    this.take(new Token(message.token, message.endsAt), message.person);
  }

  private keptPerson(): Person | null {
    try {
      return JSON.parse(this.settings.read(PERSON) ?? 'null') as Person | null;
    } catch {
      return null;
    }
  }
}
