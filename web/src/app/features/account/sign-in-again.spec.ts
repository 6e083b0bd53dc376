import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { TranslocoService, provideTransloco } from '@jsverse/transloco';
import { firstValueFrom } from 'rxjs';
import { Account } from '@/core/auth/account';
import { Auth } from '@/core/auth/auth';
import { Leaving } from '@/core/auth/leaving';
import { LANGUAGES, TEXTS } from '@/core/text/languages';
import { SignInAgain } from './sign-in-again';

describe('signing in again', () => {
  it('begins with the password each time that a session ends, also where a code followed the last time', async () => {
    const state = signal<'in' | 'expired'>('expired');
    const auth = {
      state,
      person: signal({ id: 'ann', email: 'ann@example.org', timezone: 'Europe/Berlin' }),
      signIn: async () => ({ challenge: 'one' }),
      completeSignIn: async () => state.set('in'),
    };
    const config = { availableLangs: [...LANGUAGES], defaultLang: 'en', prodMode: true };
    TestBed.configureTestingModule({
      providers: [
        provideTransloco({ config }),
        TEXTS,
        { provide: Auth, useValue: auth },
        { provide: Account, useValue: { me: () => null } },
        { provide: Leaving, useValue: {} },
      ],
    });
    await firstValueFrom(TestBed.inject(TranslocoService).load('en'));
    const fixture = TestBed.createComponent(SignInAgain);
    const element = fixture.nativeElement as HTMLElement;
    const fields = () => [...element.querySelectorAll('input')].map(({ name }) => name);
    const shows = (...names: string[]) =>
      vi.waitFor(async () => {
        await fixture.whenStable();
        expect(fields()).toEqual(names);
      });
    const submit = () => element.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));

    await shows('email', 'password');
    submit();
    await shows('code');
    submit();
    await shows();
    state.set('expired');
    await shows('email', 'password');
  });
});
