import { ChangeDetectionStrategy, Component, computed, inject, resource, signal } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { lastAnswer } from '@/core/graphql/last-answer';
import { FailureText } from '@/core/text/failure-text';
import { Languages } from '@/core/text/languages';
import { Dates } from '@/core/time/dates';
import { Figure } from '@/features/insights/figure';
import { type Granularity, PlatformStatsDocument } from '@/gql/generated';
import { Skeleton, Trouble } from '@/ui/states';
import { meanPerDay } from './mean-per-day';

interface Span {
  readonly days: number;
  readonly granularity: Granularity;
}

const SPANS: readonly [Span, ...Span[]] = [
  { days: 30, granularity: 'DAY' },
  { days: 90, granularity: 'DAY' },
  { days: 365, granularity: 'WEEK' },
];
const TOTALS = ['users', 'activeUsers', 'entries', 'analyses'] as const;
const SERIES = ['activeUsers', 'entries', 'analyses', 'registrations'] as const;

/** How much goes on, over time: the totals of a span, and a chart for each of the platform's series. */
@Component({
  selector: 'mf-figures-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Figure, Skeleton, Trouble, TranslocoPipe],
  template: `
    <fieldset class="segments admin__bar">
      <legend class="visually-hidden">{{ 'insights.span' | transloco }}</legend>
      @for (each of spans; track each.days) {
        <label class="segment">
          <input type="radio" name="span" [checked]="span() === each" (change)="span.set(each)" />
          <span>{{ 'insights.spans.' + each.days | transloco }}</span>
        </label>
      }
    </fieldset>
    @if (stats.error(); as error) {
      <mf-trouble [text]="texts.of(error)" (again)="stats.reload()" />
    }
    @if (shown(); as stats) {
      <dl class="figures">
        @for (name of totals; track name) {
          <div class="figures__item">
            <dt>{{ 'admin.figures.' + name | transloco }}</dt>
            <dd>{{ stats[name].toLocaleString(languages.locale()) }}</dd>
          </div>
        }
      </dl>
      <p class="admin__note">{{ 'admin.figures.by.' + stats.granularity | transloco }}</p>
      <div class="admin__charts">
        @for (chart of charts(); track chart.name) {
          <mf-figure
            kind="bars"
            [heading]="'admin.figures.perDay.' + chart.name | transloco"
            [axis]="'insights.period.' + stats.granularity | transloco"
            [labels]="chart.labels"
            [series]="chart.series"
          />
        }
      </div>
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
  protected readonly totals = TOTALS;
  protected readonly span = signal<Span>(SPANS[0]);
  protected readonly stats = resource({
    params: () => this.span(),
    loader: async ({ params: { days, granularity }, abortSignal }) => {
      const answer = await this.graphql.query(PlatformStatsDocument, { days }, { signal: abortSignal });
      return answer.platformStats && { ...answer.platformStats, granularity };
    },
  });
  /** With the periods that it was asked for, since another span may be on its way. */
  protected readonly shown = lastAnswer(this.stats);
  protected readonly charts = computed(() => {
    const stats = this.shown();
    if (!stats) return [];
    this.languages.current();
    return SERIES.map(name => {
      const periods = meanPerDay(stats[`${name}PerDay` as const], stats.granularity);
      const series = this.transloco.translate(`admin.figures.${name}`);
      return {
        name,
        labels: periods.map(({ from }) => this.dates.dayAndMonth(from)),
        series: [{ name: series, color: '--accent', values: periods.map(({ mean }) => mean) }],
      };
    });
  });
}
