import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { Auth } from '@/core/auth/auth';
import { GraphQL } from '@/core/graphql/graphql';
import { RequestEmailChangeDocument } from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';
import { Icon } from '@/ui/icon';

/** The address: whether it is confirmed, and how it becomes another one. */
@Component({
  selector: 'mf-email-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, Icon, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="email">
      <h2 class="section__heading" id="email">{{ 'settings.email.heading' | transloco }}</h2>
      <p class="settings__fact">
        <strong>{{ auth.person()?.email }}</strong>
        @if (auth.person()?.emailConfirmed) {
          <span class="badge badge--good"><mf-icon name="check" />{{ 'settings.email.confirmed' | transloco }}</span>
        } @else {
          <span class="badge badge--wait">{{ 'settings.email.unconfirmed' | transloco }}</span>
        }
      </p>
      @if (asked(); as address) {
        <p class="note" role="status">
          <mf-icon name="info" /><span>{{ 'settings.email.asked' | transloco: { email: address } }}</span>
        </p>
      }
      @if (changing()) {
        <form class="form" (submit)="change($event)">
          <p class="section__text">{{ 'settings.email.text' | transloco }}</p>
          <mf-field [label]="'settings.email.next' | transloco" [error]="doing.wrong('newEmail')">
            <input mfControl type="email" name="newEmail" autocomplete="email" required />
          </mf-field>
          <mf-field [label]="'account.password' | transloco" [error]="doing.wrong('password')">
            <input mfControl type="password" name="password" autocomplete="current-password" required />
          </mf-field>
          <div class="row__actions">
            <button class="button button--primary" [disabled]="doing.busy()">
              {{ 'settings.email.submit' | transloco }}
            </button>
            <button type="button" class="button button--quiet" (click)="changing.set(false)">
              {{ 'ui.cancel' | transloco }}
            </button>
          </div>
        </form>
      } @else {
        <div class="row__actions">
          <button type="button" class="button" (click)="changing.set(true)">
            {{ 'settings.email.change' | transloco }}
          </button>
          @if (auth.person()?.emailConfirmed === false) {
            <button type="button" class="button button--quiet" [disabled]="doing.busy()" (click)="again()">
              {{ 'settings.email.again' | transloco }}
            </button>
          }
        </div>
      }
    </section>
  `,
})
export class EmailSection {
  protected readonly auth = inject(Auth);
  protected readonly doing = inject(Doing);
  private readonly account = inject(Account);
  private readonly graphql = inject(GraphQL);
  protected readonly changing = signal(false);
  protected readonly asked = signal<string | null>(null);

  protected async change(event: Event): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const newEmail = String(given.get('newEmail') ?? '').trim();
    const variables = { newEmail, password: String(given.get('password') ?? '') };
    const fields = ['newEmail', 'password'];
    if (await this.doing.run(() => this.graphql.mutate(RequestEmailChangeDocument, variables), { fields })) {
      this.asked.set(newEmail);
      this.changing.set(false);
    }
  }

  protected async again(): Promise<void> {
    await this.doing.run(() => this.account.requestConfirmation(), { done: 'account.unconfirmed.sent' });
  }
}
