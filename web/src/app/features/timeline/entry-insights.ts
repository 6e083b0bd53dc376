import { ChangeDetectionStrategy, Component, input, output, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import type { AnalysisFieldsFragment } from '@/gql/generated';
import { Icon } from '@/ui/icon';

/** What the AI made of an entry. An insight that cites words of it has them marked in the text while it is chosen. */
@Component({
  selector: 'mf-entry-insights',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  template: `
    @if (analysis(); as analysis) {
      @switch (analysis.status) {
        @case ('READY') {
          @if (analysis.insights.length > 0) {
            <section class="insights" [attr.aria-label]="'insights.ofEntry' | transloco">
              <h2 class="insights__heading"><mf-icon name="spark" />{{ 'insights.ofEntry' | transloco }}</h2>
              <ul class="insights__list">
                @for (insight of analysis.insights; track insight.id) {
                  <li class="insight">
                    <p class="insight__kind">{{ 'insights.kind.' + insight.kind | transloco }}</p>
                    <p>{{ insight.text }}</p>
                    @if (insight.quotes.length > 0) {
                      <button
                        type="button"
                        class="button button--quiet button--small"
                        [attr.aria-pressed]="shown() === insight.id"
                        (click)="show(insight.id)"
                      >
                        <mf-icon name="quote" /><span>{{ 'insights.cites' | transloco }}</span>
                      </button>
                    }
                  </li>
                }
              </ul>
              <p class="insights__model">{{ 'insights.model' | transloco: { model: analysis.model } }}</p>
            </section>
          }
        }
        @case ('PENDING') {
          <p class="note"><mf-icon name="spark" />{{ 'insights.pending' | transloco }}</p>
        }
        @case ('PROCESSING') {
          <p class="note"><mf-icon name="spark" />{{ 'insights.pending' | transloco }}</p>
        }
        @case ('FAILED') {
          <p class="note"><mf-icon name="warning" />{{ 'insights.failed' | transloco }}</p>
        }
      }
    }
  `,
})
export class EntryInsights {
  readonly entryId = input.required<string>();
  readonly analysis = input.required<AnalysisFieldsFragment | null>();
  readonly cited = output<string | null>();
  protected readonly shown = signal<string | null>(null);

  protected show(id: string): void {
    this.shown.update(shown => (shown === id ? null : id));
    this.cited.emit(this.shown());
  }
}
