import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { PluralPipe, pluralText } from '@/core/text/plural';
import type { ImportFieldsFragment } from '@/gql/generated';
import { ProblemText } from './problem-text';

const COUNTS = ['entries', 'media', 'moods', 'journals', 'tags', 'duplicates', 'skipped', 'missingMedia'] as const;
/** Those that are shown without a click. */
const PROBLEMS_SHOWN = 200;

/** What an import has made, or would make, and which records it could not read. */
@Component({
  selector: 'mf-import-report',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [PluralPipe, TranslocoPipe],
  template: `
    <p>{{ (isTrial() ? 'settings.report.would' : 'settings.report.did') | transloco }}</p>
    <ul class="settings__counts">
      @for (text of counts(); track text) {
        <li>{{ text }}</li>
      } @empty {
        <li>{{ 'settings.report.nothing' | transloco }}</li>
      }
    </ul>
    @if (report().problemsTotal > 0) {
      <details class="settings__details">
        <summary>{{ 'settings.report.problems' | mfPlural: report().problemsTotal }}</summary>
        <ul>
          @for (problem of report().problems.slice(0, most); track $index) {
            <li>
              <strong>{{ problems.place(problem) }}</strong>: {{ problems.of(problem) }}
            </li>
          }
        </ul>
      </details>
    }
  `,
})
export class ImportReport {
  readonly report = input.required<ImportFieldsFragment['report']>();
  readonly isTrial = input.required<boolean>();
  private readonly transloco = inject(TranslocoService);
  protected readonly problems = inject(ProblemText);
  protected readonly most = PROBLEMS_SHOWN;

  protected counts(): readonly string[] {
    return COUNTS.filter(name => this.report()[name] > 0).map(name =>
      pluralText(this.transloco, `settings.report.${name}`, this.report()[name]),
    );
  }
}
