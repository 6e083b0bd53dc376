import { ChangeDetectionStrategy, Component, effect, inject, input, untracked } from '@angular/core';
import { Router } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { Pages } from '@/core/graphql/pages';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import {
  DeadLettersDocument,
  type DeadLettersQuery,
  DiscardDeadLetterDocument,
  RetryDeadLetterDocument,
} from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { Doing } from '@/ui/doing';
import { PagesEnd } from '@/ui/pages-end';
import { Empty } from '@/ui/states';

type Letter = NonNullable<DeadLettersQuery['deadLetters']>['edges'][number]['node'];

const PAGE = 50;

/** Events that a consumer failed to take: tried again, or given up. */
@Component({
  selector: 'mf-dead-letters-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Empty, PagesEnd, PluralPipe, TranslocoPipe],
  providers: [Doing],
  template: `
    @if (consumer(); as name) {
      <p class="admin__bar row__actions">
        <button type="button" class="chip-button" aria-pressed="true" (click)="all()">
          <span>{{ 'admin.letters.only' | transloco: { name } }}</span>
        </button>
      </p>
    }
    <ul class="rows">
      @for (letter of pages.items(); track letter.id) {
        <li class="row">
          <div class="row__text settings__wide">
            <span class="row__title">{{ typeOf(letter) }} → {{ letter.consumer }}</span>
            <span class="row__wrong">{{ letter.lastError }}</span>
            <span class="row__note">
              {{ 'admin.letters.attempts' | mfPlural: letter.attempts }} · {{ dates.moment(letter.deadAt) }}
              @if (letter.parked > 0) {
                · {{ 'admin.letters.parked' | mfPlural: letter.parked }}
              }
            </span>
            <details class="settings__details">
              <summary>{{ 'admin.audit.details' | transloco }}</summary>
              @if (letter.withheld.length > 0) {
                <p class="row__note">{{ 'admin.withheld' | transloco }}: {{ letter.withheld.join(', ') }}</p>
              }
              <pre class="admin__json" tabindex="0">{{ written(letter.event) }}</pre>
            </details>
          </div>
          <div class="row__actions">
            <button type="button" class="button button--small" [disabled]="doing.busy()" (click)="retry(letter)">
              {{ 'admin.letters.retry' | transloco }}
            </button>
            <button
              type="button"
              class="button button--small button--quiet"
              [disabled]="doing.busy()"
              (click)="discard(letter)"
            >
              {{ 'admin.letters.discard' | transloco }}
            </button>
          </div>
        </li>
      }
    </ul>
    <mf-pages-end [pages]="pages">
      <mf-empty
        icon="check"
        [heading]="'admin.letters.none' | transloco"
        [text]="'admin.letters.noneText' | transloco"
      />
    </mf-pages-end>
  `,
})
export class DeadLettersView {
  /** Only this consumer's, as in the address. */
  readonly consumer = input<string>();

  private readonly graphql = inject(GraphQL);
  private readonly router = inject(Router);
  private readonly confirm = inject(Confirm);
  private readonly transloco = inject(TranslocoService);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  protected readonly pages = new Pages<Letter>(async after => {
    const variables = { first: PAGE, after, consumer: this.consumer() || null };
    return (await this.graphql.query(DeadLettersDocument, variables)).deadLetters;
  });

  constructor() {
    effect(() => {
      this.consumer();
      untracked(() => void this.pages.again());
    });
  }

  protected all(): void {
    void this.router.navigate([], { queryParams: {} });
  }

  protected typeOf({ event }: Letter): string {
    const type = (event as { eventType?: unknown } | null)?.eventType;
    return typeof type === 'string' ? type : '–';
  }

  protected written(event: unknown): string {
    return JSON.stringify(event, null, 2);
  }

  protected async retry({ id }: Letter): Promise<void> {
    const action = () => this.graphql.mutate(RetryDeadLetterDocument, { id });
    if (await this.doing.run(action, { done: 'admin.letters.retried' })) this.leave(id);
  }

  protected async discard({ id }: Letter): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('admin.letters.sure'),
      text: this.transloco.translate('admin.letters.sureText'),
      confirm: this.transloco.translate('admin.letters.discard'),
      danger: true,
    });
    if (!sure) return;
    const action = () => this.graphql.mutate(DiscardDeadLetterDocument, { id });
    if (await this.doing.run(action, { done: 'admin.letters.discarded' })) this.leave(id);
  }

  private leave(id: string): void {
    this.pages.change(letters => letters.filter(letter => letter.id !== id));
  }
}
