import { ChangeDetectionStrategy, Component, computed, inject, linkedSignal, resource, signal } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { known } from '@/core/text/known';
import { Sizes } from '@/core/text/sizes';
import { Dates } from '@/core/time/dates';
import {
  AiLedgerDocument,
  CreateWebhookDocument,
  DeleteWebhookDocument,
  EnableWebhookDocument,
  type WebhookFieldsFragment,
  WebhooksDocument,
} from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { Copying } from '@/ui/copying';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';
import { Icon } from '@/ui/icon';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { WEBHOOK_EVENTS, deliveriesTo } from './webhooks';

/** How far back deliveries are looked for in the ledger. */
const LEDGER_MAX = 100;

/** Addresses of the user's own that are called when something happens. */
@Component({
  selector: 'mf-webhook-settings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, Icon, Empty, Skeleton, Trouble, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="webhooks">
      <h2 class="section__heading" id="webhooks">{{ 'settings.webhooks.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.webhooks.text' | transloco }}</p>
      @if (secret(); as shown) {
        <div class="settings__panel" role="status">
          <p>{{ 'settings.webhooks.secret' | transloco }}</p>
          <code class="settings__secret">{{ shown }}</code>
          <div class="row__actions">
            <button type="button" class="button" (click)="copying.copy(shown)">
              {{ 'settings.factor.copy' | transloco }}
            </button>
            <button type="button" class="button button--primary" (click)="secret.set(null)">
              {{ 'settings.webhooks.secretKept' | transloco }}
            </button>
          </div>
        </div>
      }
      @if (answered.error(); as error) {
        <mf-trouble [text]="texts.of(error)" (again)="answered.reload()" />
      } @else if (!answered.hasValue()) {
        <mf-skeleton />
      } @else if (webhooks().length > 0) {
        <ul class="rows">
          @for (webhook of webhooks(); track webhook.id) {
            <li class="row">
              <div class="row__text">
                <span class="row__title">{{ webhook.url }}</span>
                <span class="badge" [class]="badgeOf(webhook)">{{
                  'settings.webhooks.state.' + webhook.state | transloco
                }}</span>
                <span class="row__note">{{ webhook.events.join(', ') }}</span>
                @if (webhook.failures > 0) {
                  <span class="row__note">{{
                    'settings.webhooks.failures' | transloco: { count: webhook.failures }
                  }}</span>
                }
                @if (whyOff(webhook); as reason) {
                  <span class="row__wrong">{{ reason }}</span>
                }
              </div>
              <div class="row__actions">
                @if (webhook.state === 'DISABLED') {
                  <button
                    type="button"
                    class="button button--small"
                    [disabled]="doing.busy()"
                    (click)="enable(webhook.id)"
                  >
                    {{ 'settings.webhooks.enable' | transloco }}
                  </button>
                }
                <button
                  type="button"
                  class="icon-button"
                  [attr.aria-label]="'settings.webhooks.delete' | transloco: { url: webhook.url }"
                  [disabled]="doing.busy()"
                  (click)="remove(webhook)"
                >
                  <mf-icon name="trash" />
                </button>
              </div>
              <details class="settings__details">
                <summary>{{ 'settings.webhooks.deliveries' | transloco }}</summary>
                <ul>
                  @for (delivery of sentTo(webhook); track delivery.id) {
                    <li class="row__note">{{ dates.moment(delivery.at) }} · {{ sizes.of(delivery.bytes) }}</li>
                  } @empty {
                    <li class="row__note">{{ 'settings.webhooks.noDeliveries' | transloco }}</li>
                  }
                </ul>
              </details>
            </li>
          }
        </ul>
      } @else if (!adding()) {
        <mf-empty
          icon="link"
          [heading]="'settings.webhooks.none' | transloco"
          [text]="'settings.webhooks.noneText' | transloco"
        />
      }
      @if (adding()) {
        <form class="form" (submit)="add($event)">
          <mf-field
            [label]="'settings.webhooks.url' | transloco"
            [hint]="'settings.webhooks.urlHint' | transloco"
            [error]="doing.wrong('url')"
          >
            <input mfControl type="url" name="url" inputmode="url" autocomplete="off" required placeholder="https://" />
          </mf-field>
          <fieldset>
            <legend class="field__label">{{ 'settings.webhooks.events' | transloco }}</legend>
            <div class="settings__choices">
              @for (event of events; track event) {
                <label class="check">
                  <input type="checkbox" name="events" [value]="event" [checked]="event === 'JournalEntryCreated'" />
                  <span
                    >{{ 'settings.webhooks.event.' + event | transloco }} <code>{{ event }}</code></span
                  >
                </label>
              }
            </div>
            <p class="field__error" aria-live="polite">{{ doing.wrong('events') }}</p>
          </fieldset>
          <div class="row__actions">
            <button class="button button--primary" [disabled]="doing.busy()">
              {{ 'settings.webhooks.save' | transloco }}
            </button>
            <button type="button" class="button button--quiet" (click)="adding.set(false)">
              {{ 'ui.cancel' | transloco }}
            </button>
          </div>
        </form>
      } @else {
        <div class="row__actions">
          <button type="button" class="button" (click)="adding.set(true)">
            <mf-icon name="plus" /><span>{{ 'settings.webhooks.add' | transloco }}</span>
          </button>
        </div>
      }
    </section>
  `,
})
export class WebhookSettings {
  private readonly graphql = inject(GraphQL);
  private readonly confirm = inject(Confirm);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly sizes = inject(Sizes);
  protected readonly doing = inject(Doing);
  protected readonly copying = inject(Copying);
  protected readonly events = WEBHOOK_EVENTS;
  protected readonly adding = signal(false);
  protected readonly secret = signal<string | null>(null);
  protected readonly answered = resource({
    loader: async ({ abortSignal }) =>
      (await this.graphql.query(WebhooksDocument, {}, { signal: abortSignal })).webhooks ?? [],
  });
  protected readonly webhooks = linkedSignal<readonly WebhookFieldsFragment[]>(() =>
    this.answered.hasValue() ? this.answered.value() : [],
  );
  private readonly ledger = resource({
    loader: async ({ abortSignal }) =>
      (
        await this.graphql.query(AiLedgerDocument, { first: LEDGER_MAX, after: null }, { signal: abortSignal })
      ).aiLedger?.edges.map(edge => edge.node) ?? [],
  });
  private readonly disclosures = computed(() => (this.ledger.hasValue() ? this.ledger.value() : []));

  protected sentTo(webhook: WebhookFieldsFragment) {
    return deliveriesTo(webhook.url, this.disclosures());
  }

  /** The platform's own sentence is for causes that this client does not know. */
  protected whyOff({ disabledCause: cause, disabledReason: reason }: WebhookFieldsFragment): string | null {
    return (cause && known(this.transloco, `settings.webhooks.cause.${cause}`)) ?? reason;
  }

  protected badgeOf({ state }: WebhookFieldsFragment): string {
    return { ACTIVE: 'badge--good', FAILING: 'badge--wait', DISABLED: 'badge--bad' }[state];
  }

  protected async add(event: Event): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const variables = { url: String(given.get('url') ?? '').trim(), events: given.getAll('events').map(String) };
    const save = async () => {
      const { createWebhook } = await this.graphql.mutate(CreateWebhookDocument, variables);
      if (!createWebhook) return;
      const { secret, ...webhook } = createWebhook;
      this.webhooks.update(list => [...list, webhook]);
      this.secret.set(secret);
    };
    if (await this.doing.run(save, { fields: ['url', 'events'] })) this.adding.set(false);
  }

  protected async enable(id: string): Promise<void> {
    await this.doing.run(async () => {
      const { enableWebhook } = await this.graphql.mutate(EnableWebhookDocument, { id });
      if (enableWebhook) this.webhooks.update(list => list.map(each => (each.id === id ? enableWebhook : each)));
    });
  }

  protected async remove({ id, url }: WebhookFieldsFragment): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('settings.webhooks.deleteHeading'),
      text: url,
      confirm: this.transloco.translate('settings.delete'),
      danger: true,
    });
    if (!sure) return;
    await this.doing.run(async () => {
      await this.graphql.mutate(DeleteWebhookDocument, { id });
      this.webhooks.update(list => list.filter(each => each.id !== id));
    });
  }
}
