import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { highlighted } from '@/core/text/highlights';
import { Dates } from '@/core/time/dates';
import type { SearchQuery } from '@/gql/generated';
import { MoodLabel } from '@/ui/mood';

export type Hit = NonNullable<SearchQuery['search']>['hits'][number];

/** An entry that was found, with what was found in it. */
@Component({
  selector: 'mf-search-hit',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, MoodLabel],
  template: `
    <h2 class="card__title">
      <a class="card__link" [routerLink]="['/entries', hit().entry.id]">{{ hit().entry.title }}</a>
    </h2>
    @for (highlight of hit().highlights; track $index) {
      <p class="card__excerpt">
        @for (part of parts(highlight); track $index) {
          @if (part.isFound) {
            <mark>{{ part.text }}</mark>
          } @else {
            {{ part.text }}
          }
        }
      </p>
    }
    <p class="card__meta">
      <span>{{ dates.shortDay(hit().entry.entryDate) }}</span>
      @if (hit().entry.mood; as mood) {
        <mf-mood [mood]="mood" />
      }
      @for (tag of hit().entry.tags; track tag.id) {
        <span class="card__tag">#{{ tag.name }}</span>
      }
    </p>
  `,
})
export class SearchHit {
  readonly hit = input.required<Hit>();
  protected readonly dates = inject(Dates);
  protected readonly parts = highlighted;
}
