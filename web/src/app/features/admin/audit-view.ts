import { ChangeDetectionStrategy, Component, effect, inject, input, signal, untracked } from '@angular/core';
import { Router } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { Pages } from '@/core/graphql/pages';
import { FailureText } from '@/core/text/failure-text';
import { Languages } from '@/core/text/languages';
import { Dates } from '@/core/time/dates';
import { AuditLogDocument, type AuditLogQuery } from '@/gql/generated';
import { Control, Field } from '@/ui/field';
import { PagesEnd } from '@/ui/pages-end';
import { Empty } from '@/ui/states';
import { EVENT_TYPES, filterOf } from './audit-filter';

type Row = NonNullable<AuditLogQuery['auditLog']>['edges'][number]['node'];

const PAGE = 50;

/** The audit trail, newest first. What is looked for is in the address. */
@Component({
  selector: 'mf-audit-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, Empty, PagesEnd, TranslocoPipe],
  template: `
    <form class="admin__filter" (submit)="filter($event)">
      <mf-field [label]="'admin.audit.type' | transloco" [error]="wrong('eventType')">
        <select mfControl name="type">
          <option value="">{{ 'admin.audit.all' | transloco }}</option>
          @for (each of types; track each) {
            <option [value]="each" [selected]="each === type()">{{ each }}</option>
          }
        </select>
      </mf-field>
      <mf-field [label]="'admin.audit.user' | transloco" [error]="wrong('userId')">
        <input mfControl name="user" autocomplete="off" [value]="user() ?? ''" />
      </mf-field>
      <mf-field [label]="'admin.audit.from' | transloco" [error]="wrong('from')">
        <input mfControl type="date" name="from" [value]="from() ?? ''" />
      </mf-field>
      <mf-field [label]="'admin.audit.to' | transloco" [error]="wrong('to')">
        <input mfControl type="date" name="to" [value]="to() ?? ''" />
      </mf-field>
      <div class="row__actions admin__submit">
        <button class="button button--primary">{{ 'admin.audit.filter' | transloco }}</button>
        <button type="button" class="button button--quiet" (click)="clear()">
          {{ 'admin.audit.clear' | transloco }}
        </button>
      </div>
    </form>
    <ol class="rows">
      @for (row of pages.items(); track row.id) {
        <li class="row">
          <div class="row__text settings__wide">
            <span class="row__title">
              {{ row.eventType }} <span class="badge">{{ number(row.number) }}</span>
            </span>
            <span class="row__note">{{ dates.moment(row.timestamp) }} · {{ row.source }}</span>
            <details class="settings__details">
              <summary>{{ 'admin.audit.details' | transloco }}</summary>
              <dl class="admin__facts">
                <dt>{{ 'admin.audit.user' | transloco }}</dt>
                <dd>
                  <code>{{ row.metadata.userId ?? '–' }}</code>
                </dd>
                <dt>{{ 'admin.audit.sequence' | transloco }}</dt>
                <dd>{{ row.sequence }} (v{{ row.version }})</dd>
                <dt>{{ 'admin.audit.received' | transloco }}</dt>
                <dd>{{ dates.moment(row.receivedAt) }}</dd>
                <dt>{{ 'admin.audit.event' | transloco }}</dt>
                <dd>
                  <code>{{ row.eventId }}</code>
                </dd>
                <dt>{{ 'admin.audit.request' | transloco }}</dt>
                <dd>
                  <code>{{ row.correlationId }}</code>
                </dd>
                <dt>{{ 'admin.audit.hash' | transloco }}</dt>
                <dd>
                  <code>{{ row.hash }}</code>
                </dd>
                @if (row.withheld.length > 0) {
                  <dt>{{ 'admin.withheld' | transloco }}</dt>
                  <dd>{{ row.withheld.join(', ') }}</dd>
                }
              </dl>
              <pre class="admin__json" tabindex="0">{{ written(row.payload) }}</pre>
            </details>
          </div>
        </li>
      }
    </ol>
    <mf-pages-end [pages]="pages">
      <mf-empty icon="search" [heading]="'admin.audit.none' | transloco" />
    </mf-pages-end>
  `,
})
export class AuditView {
  readonly type = input<string>();
  readonly user = input<string>();
  readonly from = input<string>();
  readonly to = input<string>();

  private readonly graphql = inject(GraphQL);
  private readonly router = inject(Router);
  private readonly languages = inject(Languages);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly types = EVENT_TYPES;
  private readonly asked = signal(filterOf({}));
  protected readonly pages = new Pages<Row>(
    async after => (await this.graphql.query(AuditLogDocument, { ...this.asked(), first: PAGE, after })).auditLog,
  );

  constructor() {
    effect(() => {
      const filter = filterOf({ type: this.type(), user: this.user(), from: this.from(), to: this.to() });
      untracked(() => {
        this.asked.set(filter);
        void this.pages.again();
      });
    });
  }

  protected wrong(field: string): string | null {
    return this.texts.ofField(this.pages.failure(), field);
  }

  protected filter(event: Event): void {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const names = ['type', 'user', 'from', 'to'];
    const queryParams = Object.fromEntries(names.map(name => [name, String(given.get(name) ?? '').trim() || null]));
    void this.router.navigate([], { queryParams });
  }

  protected clear(): void {
    void this.router.navigate([], { queryParams: {} });
  }

  protected number(value: number): string {
    return value.toLocaleString(this.languages.locale());
  }

  protected written(payload: unknown): string {
    return JSON.stringify(payload, null, 2);
  }
}
