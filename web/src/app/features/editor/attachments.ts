import { ChangeDetectionStrategy, Component, inject, input, output } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import type { Upload } from '@/core/media/uploads';
import { FailureText } from '@/core/text/failure-text';
import type { MediaFieldsFragment } from '@/gql/generated';
import { Icon } from '@/ui/icon';

/** The files of an entry that is written, and those on their way. */
@Component({
  selector: 'mf-attachments',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  template: `
    @if (media().length + uploads().length > 0) {
      <ul class="attachments" [attr.aria-label]="'upload.files' | transloco">
        @for (each of media(); track each.id) {
          <li class="attachment">
            @if (each.thumbnailUrl; as url) {
              <img class="attachment__picture" [src]="url" alt="" width="56" height="56" />
            } @else {
              <span class="attachment__picture"><mf-icon name="sound" /></span>
            }
            <span class="attachment__text">
              <span class="attachment__name">{{ each.fileName }}</span>
              @if (isShown()(each)) {
                <span class="attachment__note">{{ 'upload.inText' | transloco }}</span>
              } @else {
                <button type="button" class="attachment__insert" (click)="inserted.emit(each)">
                  {{ 'upload.insert' | transloco }}
                </button>
              }
            </span>
            <button
              type="button"
              class="icon-button"
              [attr.aria-label]="'upload.remove' | transloco: { name: each.fileName }"
              (click)="removed.emit(each)"
            >
              <mf-icon name="close" />
            </button>
          </li>
        }
        @for (upload of uploads(); track upload.key) {
          <li class="attachment" [class.attachment--failed]="upload.state === 'failed'">
            <span class="attachment__picture"
              ><mf-icon [name]="upload.state === 'failed' ? 'warning' : 'image'"
            /></span>
            <span class="attachment__text">
              <span class="attachment__name">{{ upload.file.name }}</span>
              @if (upload.state === 'failed') {
                <span class="attachment__note" role="alert">{{ why(upload) }}</span>
              } @else {
                <progress
                  class="progress__bar attachment__progress"
                  max="1"
                  [attr.aria-label]="'upload.progress' | transloco: { name: upload.file.name }"
                  [attr.value]="upload.state === 'reading' ? null : upload.sent"
                ></progress>
              }
            </span>
            @if (upload.failure?.isPassing) {
              <button
                type="button"
                class="icon-button"
                [attr.aria-label]="'upload.again' | transloco: { name: upload.file.name }"
                (click)="again.emit(upload.key)"
              >
                <mf-icon name="sync" />
              </button>
            }
            <button
              type="button"
              class="icon-button"
              [attr.aria-label]="'upload.cancel' | transloco: { name: upload.file.name }"
              (click)="cancelled.emit(upload.key)"
            >
              <mf-icon name="close" />
            </button>
          </li>
        }
      </ul>
    }
  `,
})
export class Attachments {
  readonly media = input.required<readonly MediaFieldsFragment[]>();
  readonly uploads = input.required<readonly Upload[]>();
  /** Whether the text shows a file. */
  readonly isShown = input.required<(media: MediaFieldsFragment) => boolean>();
  readonly inserted = output<MediaFieldsFragment>();
  readonly removed = output<MediaFieldsFragment>();
  readonly again = output<string>();
  readonly cancelled = output<string>();
  private readonly texts = inject(FailureText);

  protected why({ failure }: Upload): string {
    return this.texts.ofUpload(failure);
  }
}
