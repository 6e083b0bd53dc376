import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Languages } from '@/core/text/languages';
import { PluralPipe } from '@/core/text/plural';
import type { WritingStatsQuery } from '@/gql/generated';

type Stats = Pick<
  NonNullable<WritingStatsQuery['writingStats']>,
  'entries' | 'words' | 'currentStreakDays' | 'longestStreakDays'
>;

/** How much was written, and for how many days in a row. */
@Component({
  selector: 'mf-streaks',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [PluralPipe, TranslocoPipe],
  template: `
    <dl class="figures">
      <div class="figures__item">
        <dt>{{ 'insights.streak' | transloco }}</dt>
        <dd>{{ 'insights.days' | mfPlural: stats().currentStreakDays }}</dd>
      </div>
      <div class="figures__item">
        <dt>{{ 'insights.longest' | transloco }}</dt>
        <dd>{{ 'insights.days' | mfPlural: stats().longestStreakDays }}</dd>
      </div>
      <div class="figures__item">
        <dt>{{ 'insights.entries' | transloco }}</dt>
        <dd>{{ number(stats().entries) }}</dd>
      </div>
      <div class="figures__item">
        <dt>{{ 'insights.words' | transloco }}</dt>
        <dd>{{ number(stats().words) }}</dd>
      </div>
    </dl>
  `,
})
export class Streaks {
  readonly stats = input.required<Stats>();
  private readonly languages = inject(Languages);

  protected number(value: number): string {
    return value.toLocaleString(this.languages.locale());
  }
}
