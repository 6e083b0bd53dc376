import { ChangeDetectionStrategy, Component, computed, inject, input, output, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { type AnalysisFieldsFragment, ReanalyzeEntryDocument } from '@/gql/generated';
import { Icon } from '@/ui/icon';
import { Toasts } from '@/ui/toasts';

type Insight = AnalysisFieldsFragment['insights'][number];

/**
 * What the AI made of an entry. The words that it cites are marked in the text while an insight is chosen; words that are not there any
 * more, since the entry was changed, are shown with it.
 */
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
                    @for (quote of gone()(insight); track $index) {
                      <blockquote class="insight__quote">{{ quote.text }}</blockquote>
                    }
                    @if (gone()(insight).length < insight.quotes.length) {
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
              @if (analysis.themes.length > 0) {
                <p class="card__meta">
                  @for (theme of analysis.themes; track theme) {
                    <span>{{ theme }}</span>
                  }
                </p>
              }
              <p class="insights__model">{{ 'insights.model' | transloco: { model: analysis.model } }}</p>
            </section>
          }
        }
        @case ('PENDING') {
          <p class="note" role="status"><mf-icon name="spark" />{{ 'insights.pending' | transloco }}</p>
        }
        @case ('PROCESSING') {
          <p class="note" role="status"><mf-icon name="spark" />{{ 'insights.pending' | transloco }}</p>
        }
        @case ('NOT_INCLUDED') {
          <p class="note"><mf-icon name="spark" />{{ 'insights.notIncluded' | transloco }}</p>
        }
        @case ('FAILED') {
          <p class="note">
            <mf-icon name="warning" />{{ 'insights.failed' | transloco }}
            <button type="button" class="button button--quiet button--small" [disabled]="busy()" (click)="askAgain()">
              {{ 'ui.again' | transloco }}
            </button>
          </p>
        }
      }
    }
  `,
})
export class EntryInsights {
  readonly entryId = input.required<string>();
  readonly analysis = input.required<AnalysisFieldsFragment | null>();
  /** The entry's text as it is shown. */
  readonly content = input.required<string>();
  readonly cited = output<string | null>();
  /** The analysis is another one now. */
  readonly changed = output<AnalysisFieldsFragment | null>();
  private readonly graphql = inject(GraphQL);
  private readonly toasts = inject(Toasts);
  private readonly texts = inject(FailureText);
  protected readonly shown = signal<string | null>(null);
  protected readonly busy = signal(false);
  protected readonly gone = computed(() => {
    const content = this.content();
    return (insight: Insight) => insight.quotes.filter(quote => content.slice(quote.start, quote.end) !== quote.text);
  });

  protected show(id: string): void {
    this.shown.update(shown => (shown === id ? null : id));
    this.cited.emit(this.shown());
  }

  protected async askAgain(): Promise<void> {
    this.busy.set(true);
    try {
      const { reanalyzeEntry } = await this.graphql.mutate(ReanalyzeEntryDocument, { id: this.entryId() });
      this.changed.emit(reanalyzeEntry?.analysis ?? null);
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    } finally {
      this.busy.set(false);
    }
  }
}
