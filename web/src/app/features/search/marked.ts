import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import type { Highlighted } from '@/core/text/highlights';

/** A text in which what was found is marked. Without blanks of the template's own: a mark can end within a word. */
@Component({
  selector: 'mf-marked',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @for (part of parts(); track $index) {
      @if (part.isFound) {
        <mark [textContent]="part.text"></mark>
      } @else {
        <span [textContent]="part.text"></span>
      }
    }
  `,
})
export class Marked {
  readonly parts = input.required<readonly Highlighted[]>();
}
