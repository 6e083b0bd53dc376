import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { Pages } from '@/core/graphql/pages';
import { Entries } from '@/core/journal/entries';
import { FailureText } from '@/core/text/failure-text';
import { Dates } from '@/core/time/dates';
import { excerptOf } from '@/features/timeline/excerpt';
import { DeletedEntriesDocument, type DeletedEntriesQuery, PurgeEntryDocument } from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { NearEnd } from '@/ui/near-end';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { Toasts } from '@/ui/toasts';

type Deleted = NonNullable<DeletedEntriesQuery['deletedEntries']>['edges'][number]['node'];

const PAGE = 20;

/** Entries that were deleted, until they are removed for good. */
@Component({
  selector: 'mf-trash-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe, NearEnd, Empty, Skeleton, Trouble],
  host: { class: 'page' },
  template: `
    <h1 class="page__title">{{ 'trash.title' | transloco }}</h1>
    <p class="page__lead">{{ 'trash.lead' | transloco }}</p>
    <ul class="rows">
      @for (each of pages.items(); track each.entry.id) {
        <li class="row">
          <div class="row__text">
            <p class="row__title">{{ each.entry.title || ('entry.untitled' | transloco) }}</p>
            <p class="trash__excerpt">{{ excerpt(each) }}</p>
            <p class="row__note">
              {{ dates.shortDay(each.entry.entryDate) }} ·
              {{ 'trash.deleted' | transloco: { when: dates.ago(each.deletedAt) } }} ·
              {{ 'trash.until' | transloco: { day: dates.shortDay(each.purgeAt.slice(0, 10)) } }}
            </p>
          </div>
          <div class="row__actions">
            <button
              type="button"
              class="button"
              [disabled]="busy().has(each.entry.id)"
              [attr.aria-label]="'trash.restoreOf' | transloco: { title: each.entry.title }"
              (click)="restore(each)"
            >
              {{ 'trash.restore' | transloco }}
            </button>
            <button
              type="button"
              class="button button--quiet"
              [disabled]="busy().has(each.entry.id)"
              [attr.aria-label]="'trash.purgeOf' | transloco: { title: each.entry.title }"
              (click)="purge(each)"
            >
              {{ 'trash.purge' | transloco }}
            </button>
          </div>
        </li>
      }
    </ul>
    @if (pages.isLoading()) {
      <mf-skeleton [lines]="4" />
    } @else if (pages.failure(); as failure) {
      <mf-trouble [text]="texts.of(failure)" (again)="pages.more()" />
    } @else if (isEmpty()) {
      <mf-empty icon="trash" [heading]="'trash.empty' | transloco" [text]="'trash.emptyText' | transloco" />
    } @else if (!pages.isDone()) {
      <div (mfNearEnd)="pages.more()"></div>
    }
  `,
})
export class TrashPage {
  private readonly graphql = inject(GraphQL);
  private readonly entries = inject(Entries);
  private readonly confirm = inject(Confirm);
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly pages = new Pages<Deleted>(
    async after => (await this.graphql.query(DeletedEntriesDocument, { first: PAGE, after })).deletedEntries,
  );
  protected readonly isEmpty = computed(() => this.pages.isDone() && this.pages.items().length === 0);
  /** Ids of those that something is done with. */
  protected readonly busy = signal<ReadonlySet<string>>(new Set());

  /** What was taken out of the list here. */
  private readonly left = new Set<string>();

  constructor() {
    void this.pages.more();
    // Another one was deleted: on another device, or by a change that had waited.
    this.entries.events.pipe(takeUntilDestroyed()).subscribe(event => {
      if (event.kind !== 'entry' || event.entry !== null || event.origin !== 'elsewhere') return;
      const isKnown = this.left.has(event.id) || this.pages.items().some(each => each.entry.id === event.id);
      if (!isKnown) void this.pages.again();
    });
  }

  protected excerpt({ entry }: Deleted): string {
    return excerptOf(entry.content, entry.title);
  }

  protected async restore({ entry }: Deleted): Promise<void> {
    await this.doing(entry.id, async () => {
      const outcome = await this.entries.restore(entry.id, entry.title);
      if (outcome.kind === 'refused') {
        this.toasts.show(this.texts.ofRefusal(outcome.refusal), { tone: 'bad' });
        return;
      }
      this.leave(entry.id);
      this.toasts.show(this.transloco.translate('trash.restored', { title: entry.title }), { tone: 'good' });
    });
  }

  protected async purge({ entry }: Deleted): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('trash.purgeHeading'),
      text: this.transloco.translate('trash.purgeText', { title: entry.title }),
      confirm: this.transloco.translate('trash.purge'),
      danger: true,
    });
    if (!sure) return;
    await this.doing(entry.id, async () => {
      try {
        await this.graphql.mutate(PurgeEntryDocument, { id: entry.id });
        this.leave(entry.id);
      } catch (error) {
        this.toasts.show(this.texts.of(error), { tone: 'bad' });
      }
    });
  }

  private leave(id: string): void {
    this.left.add(id);
    this.pages.change(items => items.filter(each => each.entry.id !== id));
  }

  private async doing(id: string, action: () => Promise<void>): Promise<void> {
    this.busy.update(ids => new Set([...ids, id]));
    try {
      await action();
    } finally {
      this.busy.update(ids => new Set([...ids].filter(each => each !== id)));
    }
  }
}
