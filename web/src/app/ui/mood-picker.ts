import { ChangeDetectionStrategy, Component, model } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { MOODS } from '@/core/journal/entry';
import type { Mood } from '@/gql/generated';

let last = 0;

/** One mood of all, or none: radio buttons, so that arrow keys work. */
@Component({
  selector: 'mf-mood-picker',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  template: `
    <fieldset class="mood-picker">
      <legend class="visually-hidden">{{ 'mood.label' | transloco }}</legend>
      <label class="chip">
        <input type="radio" [name]="name" [checked]="mood() === null" (change)="mood.set(null)" />
        <span>{{ 'mood.none' | transloco }}</span>
      </label>
      @for (each of moods; track each) {
        <label class="chip" [attr.data-mood]="each">
          <input type="radio" [name]="name" [checked]="mood() === each" (change)="mood.set(each)" />
          <span class="mood__dot" aria-hidden="true"></span>
          <span>{{ 'mood.' + each | transloco }}</span>
        </label>
      }
    </fieldset>
  `,
})
export class MoodPicker {
  readonly mood = model<Mood | null>(null);
  protected readonly moods = MOODS;
  protected readonly name = `mood-${++last}`;
}
