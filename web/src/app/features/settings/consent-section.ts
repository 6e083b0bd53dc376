import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { GraphQL } from '@/core/graphql/graphql';
import { Dates } from '@/core/time/dates';
import { UpdateProfileDocument } from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Skeleton } from '@/ui/states';

/** Whether services outside of the platform may read what the user writes. */
@Component({
  selector: 'mf-consent-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Skeleton, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="consent">
      <h2 class="section__heading" id="consent">{{ 'settings.consent.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.consent.text' | transloco }}</p>
      @if (account.me(); as me) {
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            [checked]="me.aiConsent ?? false"
            [disabled]="doing.busy() || me.aiConsent === null"
            (change)="say($event)"
          />
          <span class="switch__text">
            <span>{{ 'settings.consent.allow' | transloco }}</span>
            <span class="row__note">{{
              me.aiConsentAt
                ? ('settings.consent.since' | transloco: { at: dates.moment(me.aiConsentAt) })
                : ('settings.consent.notSaid' | transloco)
            }}</span>
          </span>
        </label>
        <p class="section__text">{{ (allowed() ? 'settings.consent.yes' : 'settings.consent.no') | transloco }}</p>
      } @else {
        <mf-skeleton [lines]="2" />
      }
    </section>
  `,
})
export class ConsentSection {
  protected readonly account = inject(Account);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  private readonly graphql = inject(GraphQL);
  protected readonly allowed = computed(() => this.account.me()?.aiConsent ?? false);

  constructor() {
    void this.account.load().catch(() => undefined);
  }

  protected async say(event: Event): Promise<void> {
    const box = event.target as HTMLInputElement;
    const aiConsent = box.checked;
    const action = async () => {
      await this.graphql.mutate(UpdateProfileDocument, { aiConsent });
      await this.account.load();
    };
    if (!(await this.doing.run(action, { done: 'ui.saved' }))) box.checked = this.allowed();
  }
}
