import { ChangeDetectionStrategy, Component, computed, inject, resource } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { Languages } from '@/core/text/languages';
import { Sizes } from '@/core/text/sizes';
import { StorageDocument } from '@/gql/generated';
import { Skeleton, Trouble } from '@/ui/states';
import { shareOf } from './jobs';
import { ProgressBar } from './progress-bar';

const KINDS = ['mediaBytes', 'tags', 'webhooks', 'sessions'] as const;

/** How much is kept for the user, and how much may be. What cannot be read is left out. */
@Component({
  selector: 'mf-storage-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [ProgressBar, Skeleton, Trouble, TranslocoPipe],
  template: `
    <section class="section" aria-labelledby="storage">
      <h2 class="section__heading" id="storage">{{ 'settings.storage.heading' | transloco }}</h2>
      @for (row of rows(); track row.kind) {
        <div class="settings__measure">
          <p>
            {{ 'settings.storage.' + row.kind | transloco }}:
            {{ 'settings.storage.of' | transloco: { used: row.used, limit: row.limit } }}
          </p>
          <mf-progress [label]="'settings.storage.' + row.kind | transloco" [share]="row.share" />
        </div>
      }
      @if (answered.error(); as error) {
        <mf-trouble [text]="texts.of(error)" (again)="answered.reload()" />
      } @else if (answered.isLoading()) {
        <mf-skeleton [lines]="2" />
      }
    </section>
  `,
})
export class StorageSection {
  private readonly graphql = inject(GraphQL);
  private readonly languages = inject(Languages);
  private readonly sizes = inject(Sizes);
  protected readonly texts = inject(FailureText);
  protected readonly answered = resource({
    loader: async ({ abortSignal }) =>
      (await this.graphql.query(StorageDocument, {}, { signal: abortSignal })).me.storage,
  });
  protected readonly rows = computed(() => {
    const storage = this.answered.hasValue() ? this.answered.value() : null;
    return KINDS.flatMap(kind => {
      const known = storage?.[kind];
      if (!known) return [];
      const { used, limit } = known;
      return [{ kind, used: this.written(kind, used), limit: this.written(kind, limit), share: shareOf(used, limit) }];
    });
  });

  private written(kind: (typeof KINDS)[number], value: number): string {
    return kind === 'mediaBytes' ? this.sizes.of(value) : value.toLocaleString(this.languages.locale());
  }
}
