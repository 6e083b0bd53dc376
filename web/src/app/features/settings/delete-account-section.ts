import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { GraphQL } from '@/core/graphql/graphql';
import { LocalSettings } from '@/core/settings/local-settings';
import { Dates } from '@/core/time/dates';
import { DeleteAccountDocument, KeepAccountDocument } from '@/gql/generated';
import { Dialog } from '@/ui/dialog';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';
import { Icon } from '@/ui/icon';

/** The receipt of the account that is to go. It stays after the sign-out: there is no other way back to it but the mail. */
const RECEIPT = 'receipt';

/** The account and all that is in it goes, after a time in which it can be kept. */
@Component({
  selector: 'mf-delete-account-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Dialog, Field, Control, Icon, RouterLink, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="delete">
      <h2 class="section__heading" id="delete">{{ 'settings.deletion.heading' | transloco }}</h2>
      @if (account.me()?.deletionDueAt; as due) {
        <p class="note" role="status">
          <mf-icon name="warning" /><span>{{ 'settings.deletion.due' | transloco: { day: dates.moment(due) } }}</span>
        </p>
        @if (receipt(); as id) {
          <p class="section__text">
            {{ 'settings.deletion.receipt' | transloco }}
            <a [routerLink]="['/receipt', id]">{{ id }}</a>
          </p>
        }
        <div class="row__actions">
          <button type="button" class="button button--primary" [disabled]="doing.busy()" (click)="keep()">
            {{ 'settings.deletion.keep' | transloco }}
          </button>
        </div>
      } @else {
        <p class="section__text">{{ 'settings.deletion.text' | transloco }}</p>
        <div class="row__actions">
          <button type="button" class="button button--danger" (click)="asking.set(true)">
            {{ 'settings.deletion.begin' | transloco }}
          </button>
        </div>
      }
    </section>
    <mf-dialog [(open)]="asking" [heading]="'settings.deletion.sure' | transloco">
      <p>{{ 'settings.deletion.sureText' | transloco }}</p>
      <form class="form" id="delete-account" (submit)="begin($event)">
        <mf-field [label]="'account.password' | transloco" [error]="doing.wrong('password')">
          <input mfControl type="password" name="password" autocomplete="current-password" required />
        </mf-field>
      </form>
      <ng-container actions>
        <button type="button" class="button" (click)="asking.set(false)">{{ 'ui.cancel' | transloco }}</button>
        <button class="button button--danger" form="delete-account" [disabled]="doing.busy()">
          {{ 'settings.deletion.confirm' | transloco }}
        </button>
      </ng-container>
    </mf-dialog>
  `,
})
export class DeleteAccountSection {
  protected readonly account = inject(Account);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  private readonly graphql = inject(GraphQL);
  private readonly settings = inject(LocalSettings);
  protected readonly asking = signal(false);
  protected readonly receipt = signal(this.settings.read(RECEIPT));

  constructor() {
    void this.account.load().catch(() => undefined);
  }

  protected async begin(event: Event): Promise<void> {
    event.preventDefault();
    const password = String(new FormData(event.target as HTMLFormElement).get('password') ?? '');
    const action = async () => {
      const { deleteAccount } = await this.graphql.mutate(DeleteAccountDocument, { password });
      this.remember(deleteAccount?.erasureId ?? null);
      await this.account.load();
    };
    if (await this.doing.run(action, { fields: ['password'] })) this.asking.set(false);
  }

  protected async keep(): Promise<void> {
    const action = async () => {
      await this.graphql.mutate(KeepAccountDocument, {});
      this.remember(null);
      await this.account.load();
    };
    await this.doing.run(action, { done: 'settings.deletion.kept' });
  }

  private remember(id: string | null): void {
    this.settings.write(RECEIPT, id);
    this.receipt.set(id);
  }
}
