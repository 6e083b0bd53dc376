import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import { Icon } from '@/ui/icon';
import { NearEnd } from '@/ui/near-end';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { EntryCard } from './entry-card';
import { FilterBar } from './filter-bar';
import { TimelineStore } from './timeline-store';

@Component({
  selector: 'mf-timeline',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [EntryCard, FilterBar, Empty, Skeleton, Trouble, NearEnd, Icon, RouterLink, TranslocoPipe, PluralPipe],
  providers: [TimelineStore],
  host: { class: 'page timeline' },
  template: `
    <header class="page__head">
      <div>
        <h1 class="page__title">{{ greeting() | transloco: { name: auth.person()?.displayName } }}</h1>
        <p class="page__lead">{{ dates.day(dates.today()) }}</p>
      </div>
    </header>
    <mf-filter-bar [filter]="store.filter()" (filterChange)="store.load($event)" />
    @if (store.fromDevice()) {
      <p class="note"><mf-icon name="cloud-off" />{{ 'timeline.fromDevice' | transloco }}</p>
    }
    @if (store.drafts().length > 0 && !store.isFiltered()) {
      <section class="drafts" [attr.aria-label]="'timeline.drafts' | transloco">
        @for (draft of store.drafts(); track draft.id) {
          <a class="draft" [routerLink]="['/entries', draft.id, 'edit']">
            <mf-icon name="write" />
            <span class="draft__title">{{ draft.title || ('timeline.draftUntitled' | transloco) }}</span>
            <span class="draft__note">{{ 'timeline.continue' | transloco }}</span>
          </a>
        }
      </section>
    }
    @for (day of store.days(); track day.date) {
      <section class="day" [attr.aria-labelledby]="'day-' + day.date">
        <h2 class="day__head" [id]="'day-' + day.date">
          <span class="day__number" aria-hidden="true">{{ dates.dayOfMonth(day.date) }}</span>
          <span class="day__name" aria-hidden="true">{{ dates.weekday(day.date) }}</span>
          <span class="day__month" aria-hidden="true">{{ dates.monthShort(day.date) }}</span>
          <span class="visually-hidden">{{ dates.day(day.date) }}</span>
        </h2>
        <div class="day__entries">
          @for (entry of day.entries; track entry.id) {
            <mf-entry-card [entry]="entry" />
          }
        </div>
      </section>
    }
    @switch (store.state()) {
      @case ('loading') {
        @if (store.days().length === 0) {
          <mf-skeleton [lines]="8" />
        }
      }
      @case ('more') {
        <mf-skeleton [lines]="4" />
      }
      @case ('failed') {
        <mf-trouble [text]="texts.of(store.failure())" (again)="store.load()" />
      }
    }
    @if (store.isEmpty()) {
      @if (store.isFiltered()) {
        <mf-empty icon="filter" [heading]="'timeline.nothing' | transloco" [text]="'timeline.nothingText' | transloco">
          <button type="button" class="button" (click)="store.load({})">{{ 'timeline.clear' | transloco }}</button>
        </mf-empty>
      } @else {
        <mf-empty icon="write" [heading]="'timeline.empty' | transloco" [text]="'timeline.emptyText' | transloco">
          <a class="button button--primary" routerLink="/write">{{ 'timeline.first' | transloco }}</a>
        </mf-empty>
      }
    }
    @if (store.hasMore()) {
      <div (mfNearEnd)="store.more()"></div>
    } @else if (store.state() === 'ready' && (store.total() ?? 0) > 10) {
      <p class="timeline__end">{{ 'timeline.all' | mfPlural: store.total() ?? 0 }}</p>
    }
  `,
})
export class Timeline {
  protected readonly store = inject(TimelineStore);
  protected readonly auth = inject(Auth);
  protected readonly dates = inject(Dates);
  protected readonly texts = inject(FailureText);
  protected readonly greeting = computed(() => {
    const hour = Number(this.dates.timeNow().slice(0, 2));
    return hour < 5
      ? 'timeline.night'
      : hour < 12
        ? 'timeline.morning'
        : hour < 18
          ? 'timeline.afternoon'
          : 'timeline.evening';
  });

  constructor() {
    void this.store.load();
    void this.store.loadDrafts();
  }
}
