import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Dates } from '@/core/time/dates';
import type { LatestInsightsQuery } from '@/gql/generated';

/** What the AI has noticed lately, with the way to the entry that it is about. */
@Component({
  selector: 'mf-latest-insights',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe],
  template: `
    <section class="section" aria-labelledby="latest-insights">
      <h2 class="section__heading" id="latest-insights">{{ 'insights.latest' | transloco }}</h2>
      <ul class="insights__list">
        @for (insight of insights(); track insight.id) {
          <li class="insight">
            <p class="insight__kind">{{ 'insights.kind.' + insight.kind | transloco }}</p>
            <p>{{ insight.text }}</p>
            <p class="row__note">
              {{ dates.ago(insight.createdAt) }} ·
              <a [routerLink]="['/entries', insight.entryId]">{{ 'insights.toEntry' | transloco }}</a>
            </p>
          </li>
        }
      </ul>
    </section>
  `,
})
export class LatestInsights {
  readonly insights = input.required<NonNullable<LatestInsightsQuery['insights']>>();
  protected readonly dates = inject(Dates);
}
