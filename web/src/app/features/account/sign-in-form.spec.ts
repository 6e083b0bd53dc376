import { TestBed } from '@angular/core/testing';
import { TranslocoService, provideTransloco } from '@jsverse/transloco';
import { firstValueFrom } from 'rxjs';
import { Account } from '@/core/auth/account';
import { LANGUAGES, TEXTS } from '@/core/text/languages';
import { SignInForm } from './sign-in-form';

/** The form in front of a platform that answers this. */
async function formOf(status: number, body: unknown, headers: Record<string, string>) {
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(body), { status, headers }));
  const config = { availableLangs: [...LANGUAGES], defaultLang: 'en', prodMode: true };
  TestBed.configureTestingModule({
    providers: [provideTransloco({ config }), TEXTS, { provide: Account, useValue: { me: () => null } }],
  });
  await firstValueFrom(TestBed.inject(TranslocoService).load('en'));
  const fixture = TestBed.createComponent(SignInForm);
  await fixture.whenStable();
  const element = fixture.nativeElement as HTMLElement;
  const field = (name: string) => element.querySelector<HTMLInputElement>(`[name=${name}]`);
  return { fixture, element, field };
}

describe('the form of a sign-in', () => {
  beforeEach(() => localStorage.clear());
  afterEach(() => vi.unstubAllGlobals());

  it('says when to try again after too many attempts, and keeps what was typed', async () => {
    const problem = { type: 'rate-limited', title: 'Too many requests', status: 429 };
    const { fixture, element, field } = await formOf(429, problem, { 'retry-after': '45' });
    for (const [name, text] of [
      ['email', 'ann@example.org'],
      ['password', 'correct horse'],
    ] as const) {
      const input = field(name);
      if (input) input.value = text;
    }
    element.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    await vi.waitFor(async () => {
      await fixture.whenStable();
      expect(element.querySelector('[role=alert]')?.textContent).toBe(
        'That was a lot at a time. Please try again in 45 seconds.',
      );
    });
    expect(field('password')?.value).toBe('correct horse');
    expect(element.querySelector('button')?.disabled).toBe(false);
  });
});
