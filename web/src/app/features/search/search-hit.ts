import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { type Highlighted, highlighted } from '@/core/text/highlights';
import { Dates } from '@/core/time/dates';
import { excerptOf } from '@/features/timeline/excerpt';
import type { SearchQuery } from '@/gql/generated';
import { MoodLabel } from '@/ui/mood';
import { Marked } from './marked';

export interface Hit extends Pick<NonNullable<SearchQuery['search']>['hits'][number], 'entry' | 'highlights'> {
  /** It was found by what it means, and by no word. */
  readonly isByMeaning?: boolean;
}

/** An entry that was found, with what was found in it; the beginning of its text where that is not in single words. */
@Component({
  selector: 'mf-search-hit',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe, Marked, MoodLabel],
  template: `
    <h2 class="card__title">
      <a class="card__link" [routerLink]="['/entries', hit().entry.id]"><mf-marked [parts]="shown().title" /></a>
    </h2>
    @for (excerpt of shown().excerpts; track $index) {
      <p class="card__excerpt"><mf-marked [parts]="excerpt" /></p>
    }
    <p class="card__meta">
      <span>{{ dates.shortDay(hit().entry.entryDate) }}</span>
      @if (hit().entry.mood; as mood) {
        <mf-mood [mood]="mood" />
      }
      @for (tag of hit().entry.tags; track tag.id) {
        <span class="card__tag">#{{ tag.name }}</span>
      }
      @if (hit().isByMeaning) {
        <span>{{ 'search.byMeaning' | transloco }}</span>
      }
    </p>
  `,
})
export class SearchHit {
  readonly hit = input.required<Hit>();
  protected readonly dates = inject(Dates);
  protected readonly shown = computed(() => shownOf(this.hit()));
}

const CUT: Highlighted = { text: '… ', isFound: false };

/** Of a hit, its title as it is found, and what else is; what does not begin with the text says so. */
export function shownOf({ entry, highlights }: Hit): {
  title: readonly Highlighted[];
  excerpts: (readonly Highlighted[])[];
} {
  const parts = highlights.map(highlighted);
  const textOf = (each: readonly Highlighted[]) => each.map(part => part.text).join('');
  const title = parts.find(each => textOf(each) === entry.title);
  const excerpts = parts
    .filter(each => each !== title)
    .map(each => (entry.content.startsWith(textOf(each).trim()) ? each : [CUT, ...each]));
  const beginning = excerptOf(entry.content, entry.title);
  return {
    title: title ?? [{ text: entry.title, isFound: false }],
    excerpts: excerpts.length > 0 || beginning === '' ? excerpts : [[{ text: beginning, isFound: false }]],
  };
}
