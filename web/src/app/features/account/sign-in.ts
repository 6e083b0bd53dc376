import { ChangeDetectionStrategy, Component, effect, inject, input, untracked } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { SignInForm } from './sign-in-form';

@Component({
  selector: 'mf-sign-in',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [SignInForm, RouterLink, TranslocoPipe],
  template: `
    <h1 class="account__title">{{ 'account.signIn.title' | transloco }}</h1>
    <mf-sign-in-form />
    <p class="account__links">
      <a routerLink="/forgot-password">{{ 'account.forgot.link' | transloco }}</a>
      <span
        >{{ 'account.signIn.new' | transloco }}
        <a routerLink="/sign-up">{{ 'account.signUp.link' | transloco }}</a></span
      >
    </p>
  `,
})
export class SignIn {
  /** Where the user was going. */
  readonly next = input<string>();

  constructor() {
    const auth = inject(Auth);
    const router = inject(Router);
    // Also when another tab has signed in.
    effect(() => {
      if (auth.state() !== 'in') return;
      const next = this.next();
      untracked(() => void router.navigateByUrl(next?.startsWith('/') && !next.startsWith('//') ? next : '/'));
    });
  }
}
