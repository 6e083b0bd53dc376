import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { filter } from 'rxjs';
import { Account } from '../core/auth/account';
import { Auth } from '../core/auth/auth';
import { FailureText } from '../core/text/failure-text';
import { Icon } from '../ui/icon';
import { Toasts } from '../ui/toasts';

/** Until the address is confirmed, no other mail goes there. */
@Component({
  selector: 'mf-confirm-banner',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe, Icon],
  template: `
    @if (isShown()) {
      <aside class="banner" [attr.aria-label]="'account.unconfirmed.label' | transloco">
        <mf-icon name="info" />
        <p>{{ 'account.unconfirmed.text' | transloco: { email: auth.person()?.email } }}</p>
        <button type="button" class="button button--quiet" [disabled]="sending()" (click)="send()">
          {{ 'account.unconfirmed.again' | transloco }}
        </button>
        <button type="button" class="icon-button" [attr.aria-label]="'ui.close' | transloco" (click)="hidden.set(true)">
          <mf-icon name="close" />
        </button>
      </aside>
    }
  `,
})
export class ConfirmBanner {
  protected readonly auth = inject(Auth);
  private readonly account = inject(Account);
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);
  private readonly texts = inject(FailureText);
  protected readonly hidden = signal(false);
  protected readonly sending = signal(false);
  private readonly router = inject(Router);
  private readonly navigated = toSignal(this.router.events.pipe(filter(event => event instanceof NavigationEnd)));
  /** Nothing stands above a text while it is written. */
  private readonly isWriting = computed(() => {
    this.navigated();
    return /^\/write|\/edit$/u.test(this.router.url.split('?', 1)[0] ?? '');
  });
  protected readonly isShown = computed(
    () => this.auth.person()?.emailConfirmed === false && !this.hidden() && !this.isWriting(),
  );

  protected async send(): Promise<void> {
    this.sending.set(true);
    try {
      await this.account.requestConfirmation();
      this.toasts.show(this.transloco.translate('account.unconfirmed.sent'), { tone: 'good' });
      this.hidden.set(true);
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    } finally {
      this.sending.set(false);
    }
  }
}
