import { ChangeDetectionStrategy, Component, computed, inject, input, output, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import type { Entry } from '@/core/journal/entry';
import { Dates } from '@/core/time/dates';
import { Difference } from '@/ui/difference';
import { MoodLabel } from '@/ui/mood';
import { type Draft, draftOf } from './draft';

/** Two versions of one entry, when another device was faster. */
@Component({
  selector: 'mf-conflict-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Difference, MoodLabel, TranslocoPipe],
  template: `
    <section class="conflict" role="alert" [attr.aria-label]="'conflict.heading' | transloco">
      <h2 class="conflict__heading">{{ 'conflict.heading' | transloco }}</h2>
      <p>{{ 'conflict.text' | transloco: { when: dates.ago(theirs().updatedAt) } }}</p>
      <button
        type="button"
        class="chip-button conflict__toggle"
        [attr.aria-pressed]="marksDifferences()"
        (click)="marksDifferences.set(!marksDifferences())"
      >
        <span>{{ 'conflict.differences' | transloco }}</span>
      </button>
      @if (marksDifferences()) {
        <div class="conflict__text" role="group" tabindex="0" [attr.aria-label]="'conflict.differences' | transloco">
          <p class="conflict__title"><mf-difference [first]="theirs().title" [second]="mine().title" /></p>
          <mf-difference [first]="theirs().content" [second]="mine().content" />
        </div>
      } @else {
        <div class="conflict__sides">
          @for (side of sides(); track side.heading) {
            <div>
              <h3>{{ side.heading | transloco }}</h3>
              <div class="conflict__text" role="group" tabindex="0" [attr.aria-label]="side.heading | transloco">
                <p class="conflict__title">{{ side.draft.title }}</p>
                <p [textContent]="side.draft.content"></p>
              </div>
              <p class="card__meta">
                <span>{{ dates.day(side.draft.entryDate) }}</span>
                @if (side.draft.mood; as mood) {
                  <mf-mood [mood]="mood" />
                }
                @for (tag of side.draft.tags; track tag) {
                  <span class="card__tag">#{{ tag }}</span>
                }
              </p>
            </div>
          }
        </div>
      }
      <div class="conflict__actions">
        <button type="button" class="button button--primary" (click)="keepMine.emit()">
          {{ 'conflict.keepMine' | transloco }}
        </button>
        <button type="button" class="button" (click)="takeTheirs.emit()">
          {{ 'conflict.takeTheirs' | transloco }}
        </button>
        <button type="button" class="button" (click)="takeBoth.emit()">{{ 'conflict.takeBoth' | transloco }}</button>
      </div>
    </section>
  `,
})
export class ConflictView {
  readonly mine = input.required<Draft>();
  readonly theirs = input.required<Entry>();
  readonly keepMine = output();
  readonly takeTheirs = output();
  readonly takeBoth = output();
  protected readonly dates = inject(Dates);
  protected readonly marksDifferences = signal(false);
  protected readonly sides = computed(() => [
    { heading: 'conflict.mine', draft: this.mine() },
    { heading: 'conflict.theirs', draft: draftOf(this.theirs()) },
  ]);
}
