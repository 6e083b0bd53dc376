import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  computed,
  inject,
  input,
  linkedSignal,
  resource,
  signal,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { lastAnswer } from '@/core/graphql/last-answer';
import { MOODS } from '@/core/journal/entry';
import { Entries } from '@/core/journal/entries';
import { FailureText } from '@/core/text/failure-text';
import { Languages } from '@/core/text/languages';
import { PluralPipe, pluralText } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import { EntryCard } from '@/features/timeline/entry-card';
import { Streaks } from '@/features/insights/streaks';
import { CalendarDocument, type CalendarQuery, OnThisDayDocument, WritingStatsDocument } from '@/gql/generated';
import { Icon } from '@/ui/icon';
import { MoodLabel } from '@/ui/mood';
import { Skeleton, Trouble } from '@/ui/states';
import { firstWeekday, monthAfter, monthOf, weeksOf } from './month';

type CalendarDay = NonNullable<CalendarQuery['calendar']>[number];

/** Of which days the figures below the calendar are; streaks look at all. */
const STATS_DAYS = 365;
/** Entries of one day. */
const DAY_MAX = 50;

/** A month at a time: how much was written on each day, and how it felt. */
@Component({
  selector: 'mf-calendar-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [EntryCard, Icon, MoodLabel, Streaks, Skeleton, Trouble, RouterLink, TranslocoPipe, PluralPipe],
  host: { class: 'page' },
  template: `
    <header class="page__head">
      <h1 class="page__title" aria-live="polite">{{ dates.month(month() + '-01') }}</h1>
      <div class="row__actions">
        <button type="button" class="icon-button" [attr.aria-label]="'calendar.before' | transloco" (click)="go(-1)">
          <mf-icon name="left" />
        </button>
        <button type="button" class="button button--small" (click)="today()">{{ 'calendar.today' | transloco }}</button>
        <button type="button" class="icon-button" [attr.aria-label]="'calendar.after' | transloco" (click)="go(1)">
          <mf-icon name="right" />
        </button>
      </div>
    </header>
    @if (days.error(); as error) {
      <mf-trouble [text]="texts.of(error)" (again)="days.reload()" />
    }
    <table class="month">
      <caption class="visually-hidden">
        {{
          dates.month(month() + '-01')
        }}
      </caption>
      <thead>
        <tr>
          @for (day of weeks()[0]; track day) {
            <th scope="col">
              <abbr [title]="dates.weekday(day, 'long')">{{ dates.weekday(day) }}</abbr>
            </th>
          }
        </tr>
      </thead>
      <tbody>
        @for (week of weeks(); track week[0]) {
          <tr>
            @for (day of week; track day) {
              <td>
                @if (isOfMonth(day)) {
                  <button
                    type="button"
                    class="month__day"
                    [class.month__day--today]="day === dates.today()"
                    [attr.data-mood]="byDate().get(day)?.moods?.[0]?.mood"
                    [attr.aria-pressed]="selected() === day"
                    (click)="selected.set(day)"
                  >
                    <span class="visually-hidden">{{ nameOf(day) }}</span>
                    <span class="month__number" aria-hidden="true">{{ dates.dayOfMonth(day) }}</span>
                    @if (byDate().get(day)?.entries; as count) {
                      <span class="month__count" aria-hidden="true">{{ count }}</span>
                    }
                  </button>
                }
              </td>
            }
          </tr>
        }
      </tbody>
    </table>
    @if (moods().length > 0) {
      <ul class="month__legend" [attr.aria-label]="'calendar.legend' | transloco">
        @for (mood of moods(); track mood) {
          <li><mf-mood [mood]="mood" /></li>
        }
      </ul>
    }
    <section class="section" [attr.aria-label]="dates.day(selected())">
      <header class="page__head">
        <h2 class="section__heading">{{ dates.day(selected()) }}</h2>
        <a class="button button--small" routerLink="/write" [queryParams]="{ date: selected() }">
          <mf-icon name="plus" /><span>{{ 'nav.write' | transloco }}</span>
        </a>
      </header>
      @if (shownEntries(); as shown) {
        @for (entry of shown; track entry.id) {
          <mf-entry-card [entry]="entry" />
        } @empty {
          <p class="section__text">{{ 'calendar.none' | transloco }}</p>
        }
      } @else if (entries.error(); as error) {
        <mf-trouble [text]="texts.of(error)" (again)="entries.reload()" />
      } @else {
        <mf-skeleton />
      }
    </section>
    @if (earlier.hasValue() && earlier.value().length > 0) {
      <section class="section" aria-labelledby="on-this-day">
        <h2 class="section__heading" id="on-this-day">{{ 'calendar.onThisDay' | transloco }}</h2>
        @for (entry of earlier.value(); track entry.id) {
          <p class="section__text">{{ 'calendar.yearsAgo' | mfPlural: yearsSince(entry.entryDate) }}</p>
          <mf-entry-card [entry]="entry" />
        }
      </section>
    }
    @if (shownStats(); as stats) {
      <section class="section" aria-labelledby="streaks">
        <header class="page__head">
          <h2 class="section__heading" id="streaks">{{ 'calendar.year' | transloco }}</h2>
          <a class="button button--small" routerLink="/insights">{{ 'calendar.insights' | transloco }}</a>
        </header>
        <mf-streaks [stats]="stats" />
      </section>
    }
  `,
})
export class CalendarPage {
  /** `YYYY-MM`, as in the address. */
  readonly m = input<string>();

  private readonly graphql = inject(GraphQL);
  private readonly journal = inject(Entries);
  private readonly router = inject(Router);
  private readonly languages = inject(Languages);
  private readonly transloco = inject(TranslocoService);
  protected readonly dates = inject(Dates);
  protected readonly texts = inject(FailureText);
  protected readonly month = computed(() =>
    /^\d{4}-\d{2}$/u.test(this.m() ?? '') ? (this.m() as string) : monthOf(this.dates.today()),
  );
  protected readonly weeks = computed(() => weeksOf(this.month(), firstWeekday(this.languages.locale())));
  protected readonly selected = linkedSignal(() => {
    const today = this.dates.today();
    return monthOf(today) === this.month() ? today : `${this.month()}-01`;
  });
  private readonly changes = signal(0);

  protected readonly days = resource({
    params: () => ({
      from: this.weeks()[0]?.[0] ?? '',
      to: this.weeks().at(-1)?.at(-1) ?? '',
      changes: this.changes(),
    }),
    loader: async ({ params: { from, to }, abortSignal }) =>
      (await this.graphql.query(CalendarDocument, { from, to }, { signal: abortSignal })).calendar ?? [],
  });
  private readonly knownDays = lastAnswer(this.days);
  protected readonly byDate = computed<ReadonlyMap<string, CalendarDay>>(
    () => new Map((this.knownDays() ?? []).map(day => [day.date, day])),
  );
  /** Those that days of this month are coloured by. */
  protected readonly moods = computed(() => {
    const shown = new Set(
      [...this.byDate().values()].filter(day => this.isOfMonth(day.date)).map(day => day.moods[0]?.mood),
    );
    return MOODS.filter(mood => shown.has(mood));
  });
  protected readonly entries = resource({
    params: () => ({ day: this.selected(), changes: this.changes() }),
    loader: async ({ params: { day }, abortSignal }) => {
      const { entries } = await this.journal.page({ from: day, to: day }, null, DAY_MAX, abortSignal);
      return { day, entries };
    },
  });
  private readonly knownEntries = lastAnswer(this.entries);
  /** Those of another day are not shown under this one. */
  protected readonly shownEntries = computed(() => {
    const known = this.knownEntries();
    return known?.day === this.selected() ? known.entries : null;
  });
  protected readonly earlier = resource({
    params: () => ({ date: this.selected() }),
    loader: async ({ params, abortSignal }) =>
      (await this.graphql.query(OnThisDayDocument, params, { signal: abortSignal })).onThisDay ?? [],
  });
  protected readonly stats = resource({
    params: () => this.changes(),
    loader: async ({ abortSignal }) =>
      (await this.graphql.query(WritingStatsDocument, { days: STATS_DAYS }, { signal: abortSignal })).writingStats,
  });
  protected readonly shownStats = lastAnswer(this.stats);

  constructor() {
    const subscription = this.journal.events.subscribe(() => this.changes.update(count => count + 1));
    inject(DestroyRef).onDestroy(() => subscription.unsubscribe());
  }

  protected isOfMonth(day: string): boolean {
    return monthOf(day) === this.month();
  }

  protected nameOf(day: string): string {
    const known = this.byDate().get(day);
    const parts = [this.dates.day(day)];
    if (known?.entries) parts.push(pluralText(this.transloco, 'calendar.entries', known.entries));
    const mood = known?.moods[0]?.mood;
    if (mood) parts.push(this.transloco.translate(`mood.${mood}`));
    return parts.join(', ');
  }

  protected yearsSince(date: string): number {
    return Number(this.selected().slice(0, 4)) - Number(date.slice(0, 4));
  }

  protected go(months: number): void {
    void this.router.navigate([], { queryParams: { m: monthAfter(this.month(), months) } });
  }

  protected today(): void {
    void this.router.navigate([], { queryParams: { m: null } });
    this.selected.set(this.dates.today());
  }
}
