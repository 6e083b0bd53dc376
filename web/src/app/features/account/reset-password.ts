import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { failureOf } from '@/core/failure';
import { FailureText } from '@/core/text/failure-text';
import { Control, Field } from '@/ui/field';

/** For platforms whose mails lead here with the token of the link. */
@Component({
  selector: 'mf-reset-password',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, RouterLink, TranslocoPipe],
  template: `
    <h1 class="account__title">{{ 'account.reset.title' | transloco }}</h1>
    @if (done()) {
      <p role="status">{{ 'account.reset.done' | transloco }}</p>
    } @else {
      <form class="form" (submit)="submit($event)">
        <mf-field
          [label]="'account.reset.password' | transloco"
          [hint]="'account.passwordHint' | transloco"
          [error]="error()"
        >
          <input
            mfControl
            type="password"
            autocomplete="new-password"
            required
            minlength="8"
            (input)="password.set($any($event.target).value)"
          />
        </mf-field>
        <button class="button button--primary button--wide" [disabled]="busy()">
          {{ 'account.reset.submit' | transloco }}
        </button>
      </form>
    }
    <p class="account__links">
      <a routerLink="/sign-in">{{ 'account.signIn.link' | transloco }}</a>
    </p>
  `,
})
export class ResetPassword {
  readonly token = input.required<string>();
  private readonly account = inject(Account);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);
  protected readonly password = signal('');
  protected readonly busy = signal(false);
  protected readonly done = signal(false);
  protected readonly error = signal<string | null>(null);

  protected async submit(event: Event): Promise<void> {
    event.preventDefault();
    this.busy.set(true);
    this.error.set(null);
    try {
      await this.account.resetPassword(this.token(), this.password());
      this.done.set(true);
    } catch (error) {
      const gone = failureOf(error).code === 'NOT_FOUND';
      this.error.set(gone ? this.transloco.translate('account.link.gone') : this.texts.of(error));
    } finally {
      this.busy.set(false);
    }
  }
}
