import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { failureOf } from '@/core/failure';
import { FailureText } from '@/core/text/failure-text';

/** Asks before it confirms: programs that check mails follow links. */
@Component({
  selector: 'mf-confirm-email',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe],
  template: `
    <h1 class="account__title">{{ text('title') | transloco }}</h1>
    @if (done()) {
      <p role="status">{{ text('done') | transloco }}</p>
    } @else {
      @if (error(); as text) {
        <p class="form__wrong" role="alert">{{ text }}</p>
      }
      <button type="button" class="button button--primary button--wide" [disabled]="busy()" (click)="confirm()">
        {{ text('submit') | transloco }}
      </button>
    }
    <p class="account__links">
      <a routerLink="/">{{ 'account.confirm.on' | transloco }}</a>
    </p>
  `,
})
export class ConfirmEmail {
  readonly token = input.required<string>();
  /** Whether it is the address that the account is to have, as the route says. */
  readonly isChange = input(false);
  private readonly account = inject(Account);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);
  protected readonly busy = signal(false);
  protected readonly done = signal(false);
  protected readonly error = signal<string | null>(null);

  protected text(name: 'title' | 'done' | 'submit'): string {
    return `account.${this.isChange() ? 'change' : 'confirm'}.${name}`;
  }

  protected async confirm(): Promise<void> {
    this.busy.set(true);
    try {
      await (this.isChange() ? this.account.confirmEmailChange(this.token()) : this.account.confirmEmail(this.token()));
      this.done.set(true);
    } catch (error) {
      const gone = failureOf(error).code === 'NOT_FOUND';
      this.error.set(gone ? this.transloco.translate('account.link.gone') : this.texts.of(error));
    } finally {
      this.busy.set(false);
    }
  }
}
