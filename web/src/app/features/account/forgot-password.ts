import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { Auth } from '@/core/auth/auth';
import { FailureText } from '@/core/text/failure-text';
import { Control, Field } from '@/ui/field';

@Component({
  selector: 'mf-forgot-password',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, RouterLink, TranslocoPipe],
  template: `
    <h1 class="account__title">{{ 'account.forgot.title' | transloco }}</h1>
    @if (sent()) {
      <p role="status">{{ 'account.forgot.sent' | transloco: { email: email() } }}</p>
    } @else {
      <p>{{ 'account.forgot.text' | transloco }}</p>
      <form class="form" (submit)="submit($event)">
        <mf-field [label]="'account.email' | transloco" [error]="error()">
          <input
            mfControl
            type="email"
            name="email"
            autocomplete="username"
            required
            [value]="email()"
            (input)="email.set($any($event.target).value)"
          />
        </mf-field>
        <button class="button button--primary button--wide" [disabled]="busy()">
          {{ 'account.forgot.submit' | transloco }}
        </button>
      </form>
    }
    <p class="account__links">
      <a routerLink="/sign-in">{{ 'account.signIn.link' | transloco }}</a>
    </p>
  `,
})
export class ForgotPassword {
  private readonly account = inject(Account);
  private readonly texts = inject(FailureText);
  protected readonly email = signal(inject(Auth).lastEmail);
  protected readonly busy = signal(false);
  protected readonly sent = signal(false);
  protected readonly error = signal<string | null>(null);

  protected async submit(event: Event): Promise<void> {
    event.preventDefault();
    this.busy.set(true);
    this.error.set(null);
    try {
      await this.account.requestPasswordReset(this.email());
      this.sent.set(true);
    } catch (error) {
      this.error.set(this.texts.of(error));
    } finally {
      this.busy.set(false);
    }
  }
}
