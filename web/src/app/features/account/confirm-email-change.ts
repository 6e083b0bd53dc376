import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { Auth } from '@/core/auth/auth';
import { failureOf } from '@/core/failure';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { ConfirmEmailChangeDocument } from '@/gql/generated';

/** The page of the link that is mailed to the address that an account is to have. */
@Component({
  selector: 'mf-confirm-email-change',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe],
  template: `
    <h1 class="account__title">{{ 'account.change.title' | transloco }}</h1>
    @if (done()) {
      <p role="status">{{ 'account.change.done' | transloco }}</p>
    } @else {
      @if (error(); as text) {
        <p class="form__wrong" role="alert">{{ text }}</p>
      }
      <button type="button" class="button button--primary button--wide" [disabled]="busy()" (click)="confirm()">
        {{ 'account.change.submit' | transloco }}
      </button>
    }
    <p class="account__links">
      <a routerLink="/">{{ 'account.confirm.on' | transloco }}</a>
    </p>
  `,
})
export class ConfirmEmailChange {
  readonly token = input.required<string>();
  private readonly account = inject(Account);
  private readonly auth = inject(Auth);
  private readonly graphql = inject(GraphQL);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);
  protected readonly busy = signal(false);
  protected readonly done = signal(false);
  protected readonly error = signal<string | null>(null);

  protected async confirm(): Promise<void> {
    this.busy.set(true);
    try {
      await this.graphql.mutate(ConfirmEmailChangeDocument, { token: this.token() });
      this.done.set(true);
      if (this.auth.state() === 'in') await this.account.load().catch(() => undefined);
    } catch (error) {
      const gone = failureOf(error).code === 'NOT_FOUND';
      this.error.set(gone ? this.transloco.translate('account.link.gone') : this.texts.of(error));
    } finally {
      this.busy.set(false);
    }
  }
}
