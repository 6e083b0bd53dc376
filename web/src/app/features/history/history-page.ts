import { ChangeDetectionStrategy, Component, computed, effect, inject, input, signal, untracked } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { type Failure, failureOf } from '@/core/failure';
import { GraphQL } from '@/core/graphql/graphql';
import { Pages } from '@/core/graphql/pages';
import { Entries } from '@/core/journal/entries';
import type { Entry } from '@/core/journal/entry';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import { EntryVersionsDocument, type EntryVersionsQuery, RestoreEntryVersionDocument } from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { Difference } from '@/ui/difference';
import { GoingOn } from '@/ui/going-on';
import { Icon } from '@/ui/icon';
import { MarkdownText } from '@/ui/markdown';
import { MoodLabel } from '@/ui/mood';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { Toasts } from '@/ui/toasts';

type Version = NonNullable<EntryVersionsQuery['entryVersions']>['edges'][number]['node'];

const PAGE = 20;

/** What an entry said before it was changed, next to what it says now. */
@Component({
  selector: 'mf-history-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe, PluralPipe, Difference, Icon, MarkdownText, MoodLabel, Empty, Skeleton, Trouble],
  providers: [GoingOn],
  host: { class: 'page history' },
  template: `
    <nav class="toolbar">
      <a class="icon-button" [routerLink]="['/entries', id()]" [attr.aria-label]="'history.back' | transloco"
        ><mf-icon name="back"
      /></a>
      <span class="toolbar__space"></span>
    </nav>
    <h1 class="page__title">{{ 'history.title' | transloco }}</h1>
    @if (entry(); as entry) {
      <p class="page__lead">{{ entry.title || ('entry.untitled' | transloco) }}</p>
    }
    <div class="history__sides">
      <ol class="history__list" [attr.aria-label]="'history.versions' | transloco">
        @for (version of pages().items(); track version.version) {
          <li>
            <button
              type="button"
              class="history__version"
              [attr.aria-pressed]="chosen()?.version === version.version"
              (click)="chosen.set(version)"
            >
              <span>{{ dates.moment(version.savedAt) }}</span>
              <span class="row__note">{{ 'entry.words' | mfPlural: version.wordCount }}</span>
            </button>
          </li>
        }
        @if (!pages().isDone() && !pages().isLoading() && !pages().failure()) {
          <li>
            <button type="button" class="button button--quiet button--small" (click)="pages().more()">
              {{ 'history.more' | transloco }}
            </button>
          </li>
        }
      </ol>
      @if (chosen(); as version) {
        <article class="history__text" [attr.aria-label]="'history.version' | transloco">
          <div class="row__actions">
            <button
              type="button"
              class="chip-button"
              [attr.aria-pressed]="marksDifferences()"
              (click)="marksDifferences.set(!marksDifferences())"
            >
              <span>{{ 'history.differences' | transloco }}</span>
            </button>
            <button
              type="button"
              class="button button--primary button--small"
              [disabled]="busy()"
              (click)="take(version)"
            >
              <mf-icon name="undo" /><span>{{ 'history.restore' | transloco }}</span>
            </button>
          </div>
          <h2 class="history__heading">{{ version.title || ('entry.untitled' | transloco) }}</h2>
          <p class="card__meta">
            <span>{{ dates.day(version.entryDate) }}</span>
            @if (version.entryTime; as time) {
              <span>{{ dates.clock(time) }}</span>
            }
            @if (version.mood; as mood) {
              <mf-mood [mood]="mood" />
            }
            @if (version.place?.name; as place) {
              <span class="card__place"><mf-icon name="place" />{{ place }}</span>
            }
            @for (tag of version.tags; track tag) {
              <span class="card__tag">#{{ tag }}</span>
            }
          </p>
          @if (marksDifferences()) {
            <mf-difference class="prose" [first]="version.content" [second]="entry()?.content ?? ''" />
          } @else {
            <mf-markdown [text]="version.content" [media]="entry()?.attachments ?? []" />
          }
        </article>
      }
    </div>
    @if (pages().isLoading()) {
      <mf-skeleton [lines]="4" />
    } @else if (pages().failure() || failure()) {
      <mf-trouble [text]="texts.of(pages().failure() ?? failure())" (again)="load()" />
    } @else if (isEmpty()) {
      <mf-empty icon="history" [heading]="'history.empty' | transloco" [text]="'history.emptyText' | transloco" />
    }
  `,
})
export class HistoryPage {
  readonly id = input.required<string>();

  private readonly graphql = inject(GraphQL);
  private readonly entries = inject(Entries);
  private readonly goingOn = inject(GoingOn);
  private readonly confirm = inject(Confirm);
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly entry = signal<Entry | null>(null);
  protected readonly failure = signal<Failure | null>(null);
  protected readonly chosen = signal<Version | null>(null);
  protected readonly marksDifferences = signal(true);
  protected readonly busy = signal(false);
  protected readonly pages = computed(() => {
    const id = this.id();
    return new Pages<Version>(
      async after => (await this.graphql.query(EntryVersionsDocument, { id, first: PAGE, after })).entryVersions,
    );
  });
  protected readonly isEmpty = computed(() => this.pages().isDone() && this.pages().items().length === 0);

  constructor() {
    effect(() => {
      this.id();
      untracked(() => void this.load());
    });
    // The latest one is shown first.
    effect(() => {
      const [latest] = this.pages().items();
      if (latest && !untracked(this.chosen)) this.chosen.set(latest);
    });
  }

  protected async load(): Promise<void> {
    this.failure.set(null);
    try {
      const [answer] = await Promise.all([this.entries.get(this.id()), this.pages().more()]);
      this.entry.set(answer?.entry ?? null);
    } catch (error) {
      this.failure.set(failureOf(error));
    }
  }

  protected async take(version: Version): Promise<void> {
    const goOn = this.goingOn.fromHere();
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('history.restoreHeading'),
      text: this.transloco.translate('history.restoreText', { when: this.dates.moment(version.savedAt) }),
      confirm: this.transloco.translate('history.restore'),
    });
    if (!sure) return;
    this.busy.set(true);
    try {
      const { restoreEntryVersion } = await this.graphql.mutate(RestoreEntryVersionDocument, {
        id: this.id(),
        version: version.version,
        expectedVersion: this.entry()?.version ?? null,
      });
      if (restoreEntryVersion) await this.entries.learned(restoreEntryVersion);
      this.toasts.show(this.transloco.translate('history.restored'), { tone: 'good' });
      await goOn(`/entries/${this.id()}`);
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
      await this.load();
    } finally {
      this.busy.set(false);
    }
  }
}
