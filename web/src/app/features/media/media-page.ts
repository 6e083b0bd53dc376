import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Pages } from '@/core/graphql/pages';
import { displayUrl } from '@/core/media/address';
import { Media } from '@/core/media/media';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { Sizes } from '@/core/text/sizes';
import { Dates } from '@/core/time/dates';
import type { MediaFieldsFragment, MediaKind } from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { Dialog } from '@/ui/dialog';
import { Icon } from '@/ui/icon';
import { NearEnd } from '@/ui/near-end';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { durationText } from './durations';

const PAGE = 40;
const KINDS: readonly (MediaKind | null)[] = [null, 'IMAGE', 'AUDIO'];

/** All pictures and sounds, with how much room they take. */
@Component({
  selector: 'mf-media-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Dialog, Empty, Icon, NearEnd, PluralPipe, Skeleton, TranslocoPipe, Trouble],
  host: { class: 'page media' },
  template: `
    <header class="page__head">
      <h1 class="page__title">{{ 'nav.photos' | transloco }}</h1>
      <fieldset class="segments">
        <legend class="visually-hidden">{{ 'media.kind' | transloco }}</legend>
        @for (each of kinds; track each) {
          <label class="segment">
            <input type="radio" name="media-kind" [checked]="kind() === each" (change)="choose(each)" />
            <span>{{ 'media.kinds.' + (each ?? 'ALL') | transloco }}</span>
          </label>
        }
      </fieldset>
    </header>
    @if (total(); as total) {
      <p class="page__lead">
        {{ 'media.files' | mfPlural: total.count }} · {{ sizes.of(total.bytes) }}
        @if (room(); as room) {
          · {{ 'media.room' | transloco: { used: sizes.of(room.used), limit: sizes.of(room.limit) } }}
        }
      </p>
    }
    @if (room(); as room) {
      <progress
        class="progress__bar media__room"
        [attr.aria-label]="'media.roomLabel' | transloco"
        [max]="room.limit"
        [value]="room.used"
      ></progress>
    }
    <ul class="media__grid">
      @for (each of pages.items(); track each.id) {
        <li>
          <button type="button" class="media__tile" [attr.aria-label]="labelOf(each)" (click)="open(each)">
            @if (each.thumbnailUrl; as url) {
              <img [src]="url" alt="" loading="lazy" decoding="async" />
            } @else {
              <span class="media__sound"><mf-icon name="sound" /></span>
              <span class="media__name">{{ each.fileName }}</span>
            }
          </button>
        </li>
      }
    </ul>
    @if (pages.isLoading()) {
      <mf-skeleton [lines]="4" />
    } @else if (pages.failure(); as failure) {
      <mf-trouble [text]="texts.of(failure)" (again)="pages.more()" />
    } @else if (isEmpty()) {
      <mf-empty icon="photos" [heading]="'media.empty' | transloco" [text]="'media.emptyText' | transloco" />
    } @else if (!pages.isDone()) {
      <div (mfNearEnd)="pages.more()"></div>
    }
    <mf-dialog wide [(open)]="isOpen" [heading]="shown()?.fileName ?? ''">
      @if (shown(); as media) {
        @if (media.kind === 'IMAGE') {
          <img
            class="media__large"
            [src]="display(media)"
            [alt]="media.fileName"
            [attr.width]="media.width"
            [attr.height]="media.height"
          />
        } @else {
          <audio class="media__player" controls preload="metadata" [src]="media.url" [title]="media.fileName"></audio>
        }
        <p class="row__note">
          {{ dates.moment(media.createdAt) }} · {{ sizes.of(media.bytes) }} · {{ media.contentType }}
          @if (media.width && media.height) {
            · {{ media.width }} × {{ media.height }}
          }
          @if (media.durationMs; as ms) {
            · {{ duration(ms) }}
          }
        </p>
        @if (wrong(); as wrong) {
          <p class="form__wrong" role="alert">{{ wrong }}</p>
        }
      }
      <ng-container actions>
        @if (shown(); as media) {
          <button type="button" class="button" [disabled]="busy()" (click)="remove(media)">
            <mf-icon name="trash" /><span>{{ 'media.delete' | transloco }}</span>
          </button>
          <button type="button" class="button" [disabled]="!former()" (click)="go(-1)">
            <mf-icon name="left" /><span>{{ 'media.former' | transloco }}</span>
          </button>
          <button type="button" class="button" [disabled]="!next()" (click)="go(1)">
            <span>{{ 'media.next' | transloco }}</span><mf-icon name="right" />
          </button>
        }
      </ng-container>
    </mf-dialog>
  `,
})
export class MediaPage {
  private readonly media = inject(Media);
  private readonly confirm = inject(Confirm);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly sizes = inject(Sizes);
  protected readonly kinds = KINDS;
  protected readonly kind = signal<MediaKind | null>(null);
  protected readonly total = signal<{ readonly count: number; readonly bytes: number } | null>(null);
  protected readonly room = signal<{ readonly used: number; readonly limit: number } | null>(null);
  protected readonly shown = signal<MediaFieldsFragment | null>(null);
  protected readonly isOpen = signal(false);
  protected readonly busy = signal(false);
  /** Why the file was not deleted. */
  protected readonly wrong = signal<string | null>(null);
  protected readonly duration = durationText;
  protected readonly display = (media: MediaFieldsFragment): string => displayUrl(media.url);
  protected readonly pages = new Pages<MediaFieldsFragment>(async after => {
    const page = await this.media.page(PAGE, after, this.kind());
    if (page) this.total.set({ count: page.totalCount, bytes: page.totalBytes });
    return page;
  });
  protected readonly isEmpty = computed(() => this.pages.isDone() && this.pages.items().length === 0);
  private readonly at = computed(() => this.pages.items().findIndex(each => each.id === this.shown()?.id));
  protected readonly former = computed(() => (this.at() > 0 ? this.pages.items()[this.at() - 1] : undefined));
  protected readonly next = computed(() => (this.at() >= 0 ? this.pages.items()[this.at() + 1] : undefined));

  constructor() {
    void this.pages.more();
    void this.readRoom();
  }

  protected choose(kind: MediaKind | null): void {
    this.kind.set(kind);
    void this.pages.again();
  }

  protected open(media: MediaFieldsFragment): void {
    this.shown.set(media);
    this.wrong.set(null);
    this.isOpen.set(true);
  }

  protected go(by: 1 | -1): void {
    const other = by === 1 ? this.next() : this.former();
    if (!other) return;
    this.shown.set(other);
    this.wrong.set(null);
  }

  protected labelOf(media: MediaFieldsFragment): string {
    return `${media.fileName}, ${this.dates.moment(media.createdAt)}`;
  }

  protected async remove(media: MediaFieldsFragment): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('media.deleteHeading'),
      text: this.transloco.translate('media.deleteText', { name: media.fileName }),
      confirm: this.transloco.translate('media.delete'),
      danger: true,
    });
    if (!sure) return;
    this.busy.set(true);
    this.wrong.set(null);
    try {
      await this.media.remove(media.id);
      this.isOpen.set(false);
      this.pages.change(items => items.filter(each => each.id !== media.id));
      this.total.update(total => total && { count: total.count - 1, bytes: total.bytes - media.bytes });
      await this.readRoom();
    } catch (error) {
      this.wrong.set(this.texts.of(error));
    } finally {
      this.busy.set(false);
    }
  }

  private async readRoom(): Promise<void> {
    this.room.set(await this.media.room().catch(() => this.room()));
  }
}
