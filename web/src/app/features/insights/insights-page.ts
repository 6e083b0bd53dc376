import { ChangeDetectionStrategy, Component, DestroyRef, computed, inject, resource, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { lastAnswer } from '@/core/graphql/last-answer';
import { MOODS } from '@/core/journal/entry';
import { Entries } from '@/core/journal/entries';
import { FailureText } from '@/core/text/failure-text';
import { Languages } from '@/core/text/languages';
import { Dates, daysAfter } from '@/core/time/dates';
import { type Granularity, InsightsDocument, type InsightsQuery, LatestInsightsDocument } from '@/gql/generated';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import type { Series } from './chart';
import { Figure } from './figure';
import { LatestInsights } from './latest-insights';
import { countsOf, periodOf, periodsBetween } from './periods';
import { Streaks } from './streaks';

interface Span {
  readonly days: number;
  readonly granularity: Granularity;
}

const SPANS: readonly Span[] = [
  { days: 30, granularity: 'DAY' },
  { days: 90, granularity: 'WEEK' },
  { days: 365, granularity: 'MONTH' },
];
const INSIGHTS_MAX = 10;
/** 1 January 2024 was a Monday. */
const MONDAY = '2024-01-01';

/** How the user felt and wrote: charts, each with its numbers as a table, and what the AI has noticed lately. */
@Component({
  selector: 'mf-insights-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Figure, LatestInsights, Streaks, Empty, Skeleton, Trouble, RouterLink, TranslocoPipe],
  host: { class: 'page' },
  template: `
    <header class="page__head">
      <h1 class="page__title">{{ 'nav.insights' | transloco }}</h1>
      <fieldset class="segments">
        <legend class="visually-hidden">{{ 'insights.span' | transloco }}</legend>
        @for (each of spans; track each.days) {
          <label class="segment">
            <input type="radio" name="span" [checked]="span() === each" (change)="span.set(each)" />
            <span>{{ 'insights.spans.' + each.days | transloco }}</span>
          </label>
        }
      </fieldset>
    </header>
    @if (failure(); as failure) {
      <mf-trouble [text]="texts.of(failure)" (again)="answered.reload()" />
    }
    @if (known(); as data) {
      @if (data.writingStats; as stats) {
        <mf-streaks [stats]="stats" />
      }
      @if (isEmpty()) {
        <mf-empty icon="insights" [heading]="'insights.none' | transloco" [text]="'insights.noneText' | transloco">
          <a class="button button--primary" routerLink="/write">{{ 'nav.write' | transloco }}</a>
        </mf-empty>
      } @else {
        @if (moods(); as moods) {
          <mf-figure
            kind="stack"
            [heading]="'insights.moods' | transloco"
            [text]="'insights.moodsText' | transloco"
            [axis]="axis()"
            [labels]="labels()"
            [series]="moods"
          />
        }
        @if (sentiment(); as sentiment) {
          <mf-figure
            kind="line"
            [heading]="'insights.sentiment' | transloco"
            [text]="'insights.sentimentText' | transloco"
            [axis]="axis()"
            [labels]="labels()"
            [series]="sentiment"
            [range]="sentimentRange"
          />
        }
        @if (hours(); as hours) {
          <mf-figure
            kind="bars"
            [heading]="'insights.hours' | transloco"
            [axis]="'insights.hour' | transloco"
            [labels]="hourLabels()"
            [series]="hours"
          />
        }
        @if (weekdays(); as weekdays) {
          <mf-figure
            kind="bars"
            [heading]="'insights.weekdays' | transloco"
            [axis]="'insights.weekday' | transloco"
            [labels]="weekdayLabels()"
            [series]="weekdays"
          />
        }
      }
    } @else if (answered.isLoading()) {
      <mf-skeleton [lines]="9" />
    }
    @if (noticed(); as noticed) {
      @if (noticed.length > 0) {
        <mf-latest-insights [insights]="noticed" />
      }
    }
  `,
})
export class InsightsPage {
  private readonly graphql = inject(GraphQL);
  private readonly dates = inject(Dates);
  private readonly languages = inject(Languages);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly spans = SPANS;
  protected readonly sentimentRange = [-1, 1] as const;
  protected readonly span = signal<Span>(SPANS[0] as Span);
  private readonly changes = signal(0);

  protected readonly answered = resource({
    params: () => ({ span: this.span(), changes: this.changes() }),
    loader: async ({ params: { span }, abortSignal }) => ({
      span,
      ...(await this.graphql.parts(InsightsDocument, { ...span }, { signal: abortSignal })),
    }),
  });
  private readonly latest = resource({
    params: () => this.changes(),
    loader: async ({ abortSignal }) =>
      (await this.graphql.query(LatestInsightsDocument, { limit: INSIGHTS_MAX }, { signal: abortSignal })).insights ??
      [],
  });

  protected readonly noticed = lastAnswer(this.latest);
  private readonly seen = lastAnswer(this.answered);
  /** What can be shown, also where a part of it could not be read. */
  protected readonly known = computed<Partial<InsightsQuery> | null>(() => this.seen()?.data ?? null);
  protected readonly failure = computed(
    () => this.answered.error() ?? [...(this.seen()?.failures.values() ?? [])][0] ?? null,
  );
  /** Of what is shown: another one may be on its way. */
  private readonly shownSpan = computed(() => this.seen()?.span ?? this.span());
  private readonly granularity = computed(() => this.shownSpan().granularity);
  protected readonly isEmpty = computed(
    () => this.known()?.writingStats?.entries === 0 && (this.known()?.moodTrends ?? []).length === 0,
  );
  private readonly periods = computed(() => {
    const today = this.dates.today();
    const { days, granularity } = this.shownSpan();
    return periodsBetween(daysAfter(today, 1 - days), today, granularity);
  });
  protected readonly labels = computed(() =>
    this.periods().map(period =>
      this.granularity() === 'MONTH' ? this.dates.month(period) : this.dates.dayAndMonth(period),
    ),
  );
  protected readonly axis = computed(() => this.text(`insights.period.${this.granularity()}`));

  protected readonly moods = computed<readonly Series[] | null>(() => {
    const points = this.known()?.moodTrends ?? [];
    if (points.length === 0) return null;
    const keyed = points.map(({ date, mood, count }) => ({ date, key: mood, count }));
    const counts = countsOf(keyed, this.periods(), this.granularity());
    return MOODS.filter(mood => counts.has(mood)).map(mood => ({
      name: this.text(`mood.${mood}`),
      color: `--mood-${mood.toLowerCase()}`,
      values: counts.get(mood) ?? [],
    }));
  });
  protected readonly sentiment = computed<readonly Series[] | null>(() => {
    const points = this.known()?.sentimentTrend ?? [];
    if (points.length === 0) return null;
    const averages = new Map(points.map(each => [periodOf(each.period, this.granularity()), each.average]));
    const values = this.periods().map(period => averages.get(period) ?? null);
    return [{ name: this.text('insights.average'), color: '--accent', values }];
  });
  protected readonly hours = computed(() => this.entriesBy(this.known()?.writingStats?.byHour));
  protected readonly weekdays = computed(() => this.entriesBy(this.known()?.writingStats?.byWeekday));
  protected readonly hourLabels = computed(() => {
    this.languages.current();
    return Array.from({ length: 24 }, (_, hour) => this.dates.clock(`${String(hour).padStart(2, '0')}:00`));
  });
  protected readonly weekdayLabels = computed(() => {
    this.languages.current();
    return Array.from({ length: 7 }, (_, index) => this.dates.weekday(daysAfter(MONDAY, index)));
  });

  constructor() {
    const subscription = inject(Entries).events.subscribe(() => this.changes.update(count => count + 1));
    inject(DestroyRef).onDestroy(() => subscription.unsubscribe());
  }

  private entriesBy(values: readonly number[] | undefined): readonly Series[] | null {
    return values?.some(value => value > 0)
      ? [{ name: this.text('insights.entries'), color: '--accent', values }]
      : null;
  }

  /** Read in the language of the page, so that another one is followed. */
  private text(key: string): string {
    this.languages.current();
    return this.transloco.translate(key);
  }
}
