import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { TranslocoService, provideTransloco } from '@jsverse/transloco';
import { firstValueFrom } from 'rxjs';
import { Account } from '../auth/account';
import { Auth } from '../auth/auth';
import { Failure, offline } from '../failure';
import { Dates } from '../time/dates';
import { FailureText } from './failure-text';
import { LANGUAGES, TEXTS } from './languages';

const full = new Failure({ code: 'QUOTA_EXCEEDED', message: 'm', quota: 'entriesPerMonth', limit: 5 });
const broken = (field: string, rule: string | null, params: Record<string, unknown> = {}) =>
  new Failure({
    code: 'BAD_USER_INPUT',
    message: 'm',
    rules: [{ field, rule, params, message: 'As the platform says.' }],
  });

describe('why something was not done', () => {
  const resetsAt = signal<string | null>(null);

  async function world() {
    TestBed.configureTestingModule({
      providers: [
        provideTransloco({ config: { availableLangs: [...LANGUAGES], defaultLang: 'en', prodMode: true } }),
        TEXTS,
        { provide: Auth, useValue: { person: signal({ timezone: 'Europe/Berlin' }) } },
        { provide: Account, useValue: { me: () => ({ quota: { resetsAt: resetsAt() } }) } },
      ],
    });
    await firstValueFrom(TestBed.inject(TranslocoService).load('en'));
    return { texts: TestBed.inject(FailureText), dates: TestBed.inject(Dates) };
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-12-15T10:00:00Z') });
    resetsAt.set(null);
  });
  afterEach(() => void vi.useRealTimers());

  it('says of a month without room when there is room again: as the platform says', async () => {
    const { texts, dates } = await world();
    resetsAt.set('2027-01-10T00:00:00Z');
    expect(texts.of(full)).toContain('You have written 5 new entries this month');
    expect(texts.of(full)).toContain(`From ${dates.shortDay('2027-01-10')} on there is room again`);
  });

  it('says the first day of the next month where the platform has not said it, or of a month that is over', async () => {
    const { texts, dates } = await world();
    for (const said of [null, '2026-12-01T00:00:00Z']) {
      resetsAt.set(said);
      expect(texts.of(full), String(said)).toContain(`From ${dates.shortDay('2027-01-01')} on`);
    }
  });

  it('says how long to wait where that is known', async () => {
    const { texts } = await world();
    const limited = { code: 'RATE_LIMITED', message: 'm' } as const;
    expect(texts.of(new Failure(limited))).toBe('That was a lot at a time. Please wait a little.');
    expect(texts.of(new Failure({ ...limited, retryAfter: 30 }))).toContain('Please try again in 30 seconds.');
  });

  it('names the part of an entry, and says its rule with its values', async () => {
    const { texts } = await world();
    const long = broken('input.title', 'too-long', { max: 200, unit: 'characters' });
    expect(texts.of(long)).toBe('At most 200 characters are possible.');
    expect(texts.ofEntry({ ...long, message: 'm' })).toBe('Title: At most 200 characters are possible.');
    expect(texts.ofField(long, 'title')).toBe('At most 200 characters are possible.');
    expect(texts.ofField(long, 'content')).toBeNull();
    expect(texts.of(broken('n', 'range', { min: 1 }))).toBe('Choose 1 or more.');
  });

  it('says as the platform says what this client does not know', async () => {
    const { texts } = await world();
    expect(texts.of(broken('title', 'a-rule-of-tomorrow'))).toBe('As the platform says.');
    expect(texts.of(broken('title', null))).toBe('As the platform says.');
    expect(texts.of(offline())).toContain('nothing you wrote is lost');
    expect(texts.ofUpload(new Failure({ code: 'TOO_LARGE', message: 'm' }))).toContain('at most 10 MB');
  });
});
