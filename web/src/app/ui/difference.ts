import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { differences } from '@/core/text/differences';

/** Two texts in one: what the first one alone has is crossed out, what the second one alone has is underlined. */
@Component({
  selector: 'mf-difference',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  host: { class: 'difference' },
  template: `
    @for (part of parts(); track $index) {
      @switch (part.in) {
        @case ('both') {
          <span [textContent]="part.text"></span>
        }
        @case ('first') {
          <span class="visually-hidden">{{ 'ui.taken' | transloco }}</span>
          <del [textContent]="part.text"></del>
        }
        @case ('second') {
          <span class="visually-hidden">{{ 'ui.added' | transloco }}</span>
          <ins [textContent]="part.text"></ins>
        }
      }
    }
  `,
})
export class Difference {
  readonly first = input.required<string>();
  readonly second = input.required<string>();
  protected readonly parts = computed(() => differences(this.first(), this.second()));
}
