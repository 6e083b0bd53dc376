import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import type { Entry } from '@/core/journal/entry';
import { Dates } from '@/core/time/dates';
import { Icon } from '@/ui/icon';
import { MoodLabel } from '@/ui/mood';
import { excerptOf } from './excerpt';

/** An entry in a list. The whole card leads to it. */
@Component({
  selector: 'mf-entry-card',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, Icon, MoodLabel, TranslocoPipe],
  template: `
    <article class="card" [attr.data-mood]="entry().mood">
      <div class="card__text">
        <h3 class="card__title">
          <a class="card__link" [routerLink]="['/entries', entry().id]">{{
            entry().title || ('entry.untitled' | transloco)
          }}</a>
          @if (entry().pinned) {
            <mf-icon name="pin" /><span class="visually-hidden">{{ 'entry.pinned' | transloco }}</span>
          }
          @if (entry().favourite) {
            <mf-icon name="star" /><span class="visually-hidden">{{ 'entry.favourite' | transloco }}</span>
          }
          @if (entry().private) {
            <mf-icon name="lock" /><span class="visually-hidden">{{ 'entry.private' | transloco }}</span>
          }
        </h3>
        @if (excerpt()) {
          <p class="card__excerpt">{{ excerpt() }}</p>
        }
        <p class="card__meta">
          <span>{{ time() }}</span>
          @if (entry().mood; as mood) {
            <mf-mood [mood]="mood" />
          }
          @if (entry().place?.name; as place) {
            <span class="card__place"><mf-icon name="place" />{{ place }}</span>
          }
          @for (tag of entry().tags; track tag.id) {
            <span class="card__tag">#{{ tag.name }}</span>
          }
          @if (entry().pending; as pending) {
            <span class="card__pending" [class.card__pending--refused]="pending === 'refused'">
              <mf-icon [name]="pending === 'refused' ? 'warning' : 'cloud-off'" />{{ 'entry.' + pending | transloco }}
            </span>
          }
        </p>
      </div>
      @if (picture(); as media) {
        <img class="card__picture" [src]="media.thumbnailUrl" alt="" loading="lazy" width="96" height="96" />
      }
    </article>
  `,
})
export class EntryCard {
  readonly entry = input.required<Entry>();
  private readonly dates = inject(Dates);

  protected readonly excerpt = computed(() => excerptOf(this.entry().content, this.entry().title));
  protected readonly picture = computed(
    () => this.entry().attachments?.find(media => media.thumbnailUrl !== null) ?? null,
  );
  protected readonly time = computed(() => {
    const { entryTime, createdAt } = this.entry();
    return entryTime === null ? this.dates.time(createdAt) : this.dates.clock(entryTime);
  });
}
