import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  computed,
  effect,
  inject,
  input,
  signal,
  untracked,
} from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { Router, RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { type Failure, failureOf } from '@/core/failure';
import { Entries } from '@/core/journal/entries';
import type { Entry } from '@/core/journal/entry';
import { Journals } from '@/core/journal/journals';
import { displayUrl } from '@/core/media/address';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import type { AnalysisFieldsFragment, MediaFieldsFragment } from '@/gql/generated';
import { PageTitles } from '@/shell/page-titles';
import { Icon } from '@/ui/icon';
import { MarkdownText } from '@/ui/markdown';
import { MoodLabel } from '@/ui/mood';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { Toasts } from '@/ui/toasts';
import { Shortcuts } from '@/shell/shortcuts';
import { Deletion } from './deletion';
import { EntryInsights } from './entry-insights';
import { RelatedEntries } from './related-entries';
import { TimelineAddress } from './timeline-address';
import { TimelinePlace } from './timeline-place';

/** An entry as it is read. */
@Component({
  selector: 'mf-entry-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [
    RouterLink,
    TranslocoPipe,
    PluralPipe,
    Icon,
    MarkdownText,
    MoodLabel,
    Skeleton,
    Trouble,
    Empty,
    EntryInsights,
    RelatedEntries,
  ],
  host: { class: 'page reading' },
  template: `
    <nav class="toolbar">
      <a
        class="icon-button"
        routerLink="/"
        [queryParams]="address.params()"
        [state]="{ back: true }"
        [attr.aria-label]="'nav.timeline' | transloco"
        ><mf-icon name="back"
      /></a>
      <span class="toolbar__space"></span>
      @if (entry(); as entry) {
        <button
          type="button"
          class="icon-button"
          [attr.aria-pressed]="entry.pinned"
          [attr.aria-label]="'entry.pin' | transloco"
          (click)="mark(entry, { pinned: !entry.pinned })"
        >
          <mf-icon name="pin" />
        </button>
        <button
          type="button"
          class="icon-button"
          [attr.aria-pressed]="entry.favourite"
          [attr.aria-label]="'entry.makeFavourite' | transloco"
          (click)="mark(entry, { favourite: !entry.favourite })"
        >
          <mf-icon name="star" />
        </button>
        <a
          class="icon-button"
          [routerLink]="['/entries', entry.id, 'history']"
          [attr.aria-label]="'history.title' | transloco"
          ><mf-icon name="history"
        /></a>
        <button
          type="button"
          class="icon-button"
          [attr.aria-label]="'entry.delete' | transloco"
          (click)="remove(entry)"
        >
          <mf-icon name="trash" />
        </button>
        <a class="button" [routerLink]="['/entries', entry.id, 'edit']"
          ><mf-icon name="write" /><span>{{ 'entry.edit' | transloco }}</span></a
        >
      }
    </nav>
    @if (entry(); as entry) {
      <article class="entry">
        <p class="entry__date">
          {{ dates.day(entry.entryDate) }}
          @if (entry.entryTime; as time) {
            · {{ dates.clock(time) }}
          }
        </p>
        <h1 class="entry__title">{{ entry.title || ('entry.untitled' | transloco) }}</h1>
        <p class="card__meta">
          @if (entry.mood; as mood) {
            <mf-mood [mood]="mood" />
          }
          @if (placeOf(entry); as place) {
            <span class="card__place"><mf-icon name="place" />{{ place }}</span>
          }
          @if (journal(); as journal) {
            <a class="card__place" routerLink="/" [queryParams]="{ journal: journal.id }"
              ><mf-icon name="journal" />{{ journal.name }}</a
            >
          }
          @for (tag of entry.tags; track tag.id) {
            <a class="card__tag" routerLink="/" [queryParams]="{ tag: tag.name }">#{{ tag.name }}</a>
          }
          <span>{{ 'entry.words' | mfPlural: entry.wordCount }}</span>
          @if (entry.private) {
            <span class="card__place"><mf-icon name="lock" />{{ 'entry.private' | transloco }}</span>
          }
          @if (entry.pending; as pending) {
            <span class="card__pending" [class.card__pending--refused]="pending === 'refused'">
              <mf-icon [name]="pending === 'refused' ? 'warning' : 'cloud-off'" />{{ 'entry.' + pending | transloco }}
            </span>
          }
        </p>
        <mf-markdown [text]="entry.content" [media]="entry.attachments ?? []" [passages]="passages()" />
        @if (gallery().length > 0) {
          <ul class="gallery">
            @for (media of gallery(); track media.id) {
              <li>
                @if (media.kind === 'IMAGE') {
                  <img
                    [src]="display(media)"
                    [alt]="media.fileName"
                    loading="lazy"
                    [width]="media.width"
                    [height]="media.height"
                  />
                } @else {
                  <audio controls preload="none" [src]="media.url" [title]="media.fileName"></audio>
                }
              </li>
            }
          </ul>
        }
      </article>
      <mf-entry-insights
        [entryId]="entry.id"
        [analysis]="analysis()"
        [content]="entry.content"
        (cited)="cite($event)"
        (changed)="analysis.set($event)"
      />
      @if (!entry.draft) {
        <mf-related-entries [entryId]="entry.id" />
      }
    } @else if (failure(); as failure) {
      <mf-trouble [text]="texts.of(failure)" (again)="load(id())" />
    } @else if (isMissing()) {
      <mf-empty icon="search" [heading]="'entry.missing' | transloco" [text]="'entry.missingText' | transloco" />
    } @else {
      <mf-skeleton [lines]="10" />
    }
  `,
})
export class EntryPage {
  readonly id = input.required<string>();

  private readonly entries = inject(Entries);
  private readonly journals = inject(Journals);
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  protected readonly address = inject(TimelineAddress);
  private readonly router = inject(Router);
  private readonly toasts = inject(Toasts);
  private readonly deletion = inject(Deletion);
  private readonly titles = inject(PageTitles);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly entry = signal<Entry | null>(null);
  protected readonly analysis = signal<AnalysisFieldsFragment | null>(null);
  protected readonly failure = signal<Failure | null>(null);
  protected readonly isMissing = signal(false);
  /** The insight whose words are marked. */
  protected readonly cited = signal<string | null>(null);
  protected readonly passages = computed(() => {
    const insight = this.analysis()?.insights.find(each => each.id === this.cited());
    const content = this.entry()?.content ?? '';
    return (insight?.quotes ?? []).filter(quote => content.slice(quote.start, quote.end) === quote.text);
  });
  /** Uploads that the text does not show itself. */
  protected readonly gallery = computed(() => {
    const entry = this.entry();
    return (entry?.attachments ?? []).filter(media => !entry?.content.includes(media.reference));
  });

  /** Where there are several: the one that it is in. */
  protected readonly journal = computed(() => {
    const journal = this.entry()?.journal;
    return journal && this.journals.all().length > 1
      ? { id: journal.id, name: this.journals.byId(journal.id)?.name ?? journal.name }
      : null;
  });

  constructor() {
    inject(Shortcuts).whileHere({
      e: () => void this.router.navigate(['/entries', this.id(), 'edit']),
      v: () => void this.router.navigate(['/entries', this.id(), 'history']),
      u: () => void this.router.navigate(['/'], { queryParams: this.address.params(), state: { back: true } }),
      p: () => this.withEntry(entry => this.mark(entry, { pinned: !entry.pinned })),
      f: () => this.withEntry(entry => this.mark(entry, { favourite: !entry.favourite })),
      '#': () => this.withEntry(entry => this.remove(entry)),
    });
    const place = inject(TimelinePlace);
    effect(() => {
      const id = this.id();
      place.opened = id;
      untracked(() => void this.load(id));
    });
    effect(() => {
      const title = this.entry()?.title;
      if (title) this.titles.show(title);
    });
    this.entries.events.pipe(takeUntilDestroyed()).subscribe(event => {
      if (event.kind === 'gap' || (event.kind === 'analysis' && event.id === this.id())) void this.load(this.id());
      if (event.kind !== 'entry' || event.id !== this.id()) return;
      // Another text has another analysis.
      const isOther = event.entry !== null && event.entry.content !== this.entry()?.content && !event.entry.pending;
      this.entry.set(event.entry);
      this.isMissing.set(event.entry === null);
      if (isOther) void this.load(this.id());
    });
  }

  protected async load(id: string): Promise<void> {
    this.failure.set(null);
    if (this.entry()?.id !== id) this.entry.set(await this.entries.local(id));
    try {
      const answer = await this.entries.get(id);
      if (this.id() !== id) return;
      this.entry.set(answer?.entry ?? null);
      this.analysis.set(answer?.analysis ?? null);
      this.isMissing.set(answer === null);
    } catch (error) {
      if (this.id() === id) this.failure.set(failureOf(error));
    }
  }

  private withEntry(action: (entry: Entry) => Promise<void>): void {
    const entry = this.entry();
    if (entry) void action(entry);
  }

  /** Its name, else its coordinates. */
  protected placeOf({ place }: Entry): string | null {
    if (!place) return null;
    const { name, latitude, longitude } = place;
    return name ?? (latitude == null || longitude == null ? null : `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`);
  }

  /** Marks the words that an insight cites, and shows them. */
  protected cite(insight: string | null): void {
    this.cited.set(insight);
    if (insight === null) return;
    // The text is rendered after the change.
    setTimeout(() => this.element.querySelector('mark')?.scrollIntoView({ block: 'center', behavior: 'smooth' }), 50);
  }

  protected display(media: MediaFieldsFragment): string {
    return displayUrl(media.url);
  }

  protected async mark(entry: Entry, change: { pinned?: boolean; favourite?: boolean }): Promise<void> {
    const outcome = await this.entries.update(entry.id, entry.title, change, null);
    if (outcome.kind !== 'refused') return;
    this.toasts.show(this.texts.ofRefusal(outcome.refusal), { tone: 'bad' });
    await this.entries.takeBack(outcome.itemId);
  }

  protected async remove(entry: Entry): Promise<void> {
    await this.deletion.run(entry.id, entry.title);
  }
}
