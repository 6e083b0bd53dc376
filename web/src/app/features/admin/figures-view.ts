import { ChangeDetectionStrategy, Component, computed, inject, resource, signal } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { lastAnswer } from '@/core/graphql/last-answer';
import { FailureText } from '@/core/text/failure-text';
import { Languages } from '@/core/text/languages';
import { Dates } from '@/core/time/dates';
import { Figure } from '@/features/insights/figure';
import { PlatformStatsDocument } from '@/gql/generated';
import { Skeleton, Trouble } from '@/ui/states';

const SPANS = [30, 90, 366] as const;
const FIGURES = ['users', 'activeUsers', 'entries', 'analyses'] as const;

/** How much goes on, over time. */
@Component({
  selector: 'mf-figures-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Figure, Skeleton, Trouble, TranslocoPipe],
  template: `
    <fieldset class="segments admin__bar">
      <legend class="visually-hidden">{{ 'insights.span' | transloco }}</legend>
      @for (each of spans; track each) {
        <label class="segment">
          <input type="radio" name="span" [checked]="days() === each" (change)="days.set(each)" />
          <span>{{ 'admin.figures.spans.' + each | transloco }}</span>
        </label>
      }
    </fieldset>
    @if (stats.error(); as error) {
      <mf-trouble [text]="texts.of(error)" (again)="stats.reload()" />
    }
    @if (shown(); as stats) {
      <dl class="figures">
        @for (name of figures; track name) {
          <div class="figures__item">
            <dt>{{ 'admin.figures.' + name | transloco }}</dt>
            <dd>{{ stats[name].toLocaleString(languages.locale()) }}</dd>
          </div>
        }
      </dl>
      <mf-figure
        kind="bars"
        [heading]="'admin.figures.perDay' | transloco"
        [axis]="'insights.period.DAY' | transloco"
        [labels]="labels()"
        [series]="series()"
      />
    } @else if (stats.isLoading()) {
      <mf-skeleton [lines]="6" />
    }
  `,
})
export class FiguresView {
  private readonly graphql = inject(GraphQL);
  private readonly dates = inject(Dates);
  private readonly transloco = inject(TranslocoService);
  protected readonly languages = inject(Languages);
  protected readonly texts = inject(FailureText);
  protected readonly spans = SPANS;
  protected readonly figures = FIGURES;
  protected readonly days = signal<number>(SPANS[0]);
  protected readonly stats = resource({
    params: () => ({ days: this.days() }),
    loader: async ({ params, abortSignal }) =>
      (await this.graphql.query(PlatformStatsDocument, params, { signal: abortSignal })).platformStats,
  });
  protected readonly shown = lastAnswer(this.stats);
  private readonly perDay = computed(() => this.shown()?.entriesPerDay ?? []);
  protected readonly labels = computed(() => this.perDay().map(day => this.dates.dayAndMonth(day.date)));
  protected readonly series = computed(() => {
    this.languages.current();
    const name = this.transloco.translate('admin.figures.entries');
    return [{ name, color: '--accent', values: this.perDay().map(day => day.count) }];
  });
}
