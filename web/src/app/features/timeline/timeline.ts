import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  Injector,
  afterNextRender,
  computed,
  effect,
  inject,
  input,
  untracked,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { titleFrom } from '@/core/journal/entry';
import { Journals } from '@/core/journal/journals';
import type { KeptDraft } from '@/core/offline/drafts';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import type { JournalFilter } from '@/gql/generated';
import { PLACES } from '@/shell/navigation';
import { Shortcuts } from '@/shell/shortcuts';
import { Icon } from '@/ui/icon';
import { NearEnd } from '@/ui/near-end';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { EntryCard } from './entry-card';
import { FilterBar } from './filter-bar';
import { filterOf, paramsOf } from './filter-url';
import { TimelineAddress } from './timeline-address';
import { TimelinePlace } from './timeline-place';
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
    <nav class="timeline__places" [attr.aria-label]="'nav.more' | transloco">
      @for (place of places(); track place.path) {
        <a class="chip-button" [routerLink]="place.path"
          ><mf-icon [name]="place.icon" /><span>{{ place.text | transloco }}</span></a
        >
      }
    </nav>
    <mf-filter-bar [filter]="filter()" (filterChange)="narrow($event)" />
    @if (store.fromDevice()) {
      <p class="note"><mf-icon name="cloud-off" />{{ 'timeline.fromDevice' | transloco }}</p>
    }
    @if (store.drafts().length + store.unfinished().length > 0 && !store.isFiltered()) {
      <section class="drafts" [attr.aria-label]="'timeline.drafts' | transloco">
        @for (draft of store.drafts(); track draft.id) {
          <a class="draft" [routerLink]="['/entries', draft.id, 'edit']">
            <mf-icon name="write" />
            <span class="draft__title">{{ draft.title || ('timeline.draftUntitled' | transloco) }}</span>
            <span class="draft__note">{{ 'timeline.continue' | transloco }}</span>
          </a>
        }
        @for (text of store.unfinished(); track text.entryId) {
          <a class="draft" [routerLink]="['/entries', text.entryId, 'edit']">
            <mf-icon name="write" />
            <span class="draft__title">{{
              text.title || beginningOf(text) || ('timeline.draftUntitled' | transloco)
            }}</span>
            <span class="draft__note">{{ 'timeline.unfinished' | transloco }}</span>
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
        <mf-trouble [text]="texts.of(store.failure())" (again)="store.again()" />
      }
    }
    @if (store.isEmpty()) {
      @if (store.isFiltered()) {
        <mf-empty icon="filter" [heading]="'timeline.nothing' | transloco" [text]="'timeline.nothingText' | transloco">
          <button type="button" class="button" (click)="narrow({})">{{ 'timeline.clear' | transloco }}</button>
        </mf-empty>
      } @else {
        <mf-empty icon="write" [heading]="'timeline.empty' | transloco" [text]="'timeline.emptyText' | transloco">
          <a class="button button--primary" routerLink="/write">{{ 'timeline.first' | transloco }}</a>
        </mf-empty>
      }
    }
    @if (store.hasMore() && store.state() === 'ready') {
      <div (mfNearEnd)="store.more()"></div>
    } @else if (store.state() === 'ready' && (store.total() ?? 0) > 10) {
      <p class="timeline__end">{{ 'timeline.all' | mfPlural: store.total() ?? 0 }}</p>
    }
  `,
})
export class Timeline {
  /** The address: filter-url.ts. */
  readonly text = input<string>();
  readonly mood = input<string>();
  readonly from = input<string>();
  readonly to = input<string>();
  readonly pinned = input<string>();
  readonly favourite = input<string>();
  readonly journal = input<string>();
  readonly tag = input<string>();
  readonly all = input<string>();
  readonly any = input<string>();
  readonly none = input<string>();

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

  protected readonly filter = computed(
    () =>
      filterOf({
        text: this.text() ?? null,
        mood: this.mood() ?? null,
        from: this.from() ?? null,
        to: this.to() ?? null,
        pinned: this.pinned() ?? null,
        favourite: this.favourite() ?? null,
        journal: this.journal() ?? null,
        tag: this.tag() ?? null,
        all: this.all() ?? null,
        any: this.any() ?? null,
        none: this.none() ?? null,
      }),
    { equal: (a, b) => JSON.stringify(a) === JSON.stringify(b) },
  );
  /** On phones, what their bar has no room for. */
  protected readonly places = computed(() =>
    PLACES.filter(place => !place.main && (!place.admin || this.auth.isAdmin())),
  );
  private readonly router = inject(Router);
  private readonly journals = inject(Journals);
  private readonly address = inject(TimelineAddress);
  private readonly place = inject(TimelinePlace);
  private readonly injector = inject(Injector);
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  constructor() {
    const navigation = this.router.currentNavigation();
    let isBack = navigation?.trigger === 'popstate' || navigation?.extras.state?.['back'] === true;
    effect(() => {
      const filter = this.filter();
      untracked(() => {
        this.journals.choose(filter.journalId ?? null);
        this.address.params.set(paramsOf(filter));
        if (isBack && this.store.restore(filter)) afterNextRender(() => this.showOpened(), { injector: this.injector });
        isBack = false;
        void this.store.load(filter);
      });
    });
    void this.store.loadDrafts();
    inject(Shortcuts).whileHere({ j: () => this.go(1), k: () => this.go(-1) });
  }

  /** The address has the filter, so that it is there again after an entry was read. */
  protected narrow(filter: JournalFilter): void {
    void this.router.navigate(['/'], { queryParams: paramsOf(filter), replaceUrl: true });
  }

  /** Goes to the entry that was read, with the focus, so that the keys go on from there. */
  private showOpened(): void {
    const link = this.element.querySelector<HTMLElement>(`.card__link[href$="/entries/${this.place.opened}"]`);
    // Behind what the router does by itself.
    setTimeout(() => {
      link?.scrollIntoView({ block: 'center' });
      link?.focus({ preventScroll: true });
    });
  }

  protected beginningOf({ content }: KeptDraft): string {
    return titleFrom(content);
  }

  private go(by: 1 | -1): void {
    const links = [...this.element.querySelectorAll<HTMLElement>('.card__link')];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
  }
}
