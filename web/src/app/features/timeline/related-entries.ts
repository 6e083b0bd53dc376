import { ChangeDetectionStrategy, Component, inject, input, resource } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { Dates } from '@/core/time/dates';
import { RelatedEntriesDocument, type RelatedEntriesQuery } from '@/gql/generated';

type Related = NonNullable<RelatedEntriesQuery['relatedEntries']>;

const RELATED = 4;

/** Other entries about the same. Where they cannot be read, there are none: nothing else depends on them. */
@Component({
  selector: 'mf-related-entries',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe],
  template: `
    @if (related.hasValue() && related.value().length > 0) {
      <section class="related" [attr.aria-label]="'entry.related' | transloco">
        <h2 class="insights__heading">{{ 'entry.related' | transloco }}</h2>
        <ul>
          @for (hit of related.value(); track hit.entry.id) {
            <li>
              <a class="related__link" [routerLink]="['/entries', hit.entry.id]">
                <span>{{ hit.entry.title }}</span>
                <span class="row__note">{{ dates.shortDay(hit.entry.entryDate) }}</span>
              </a>
            </li>
          }
        </ul>
      </section>
    }
  `,
})
export class RelatedEntries {
  readonly entryId = input.required<string>();
  private readonly graphql = inject(GraphQL);
  protected readonly dates = inject(Dates);
  protected readonly related = resource({
    params: () => this.entryId(),
    loader: async ({ params: id, abortSignal }): Promise<Related> => {
      try {
        const answer = await this.graphql.query(
          RelatedEntriesDocument,
          { id, limit: RELATED },
          { signal: abortSignal },
        );
        return answer.relatedEntries ?? [];
      } catch {
        return [];
      }
    },
  });
}
