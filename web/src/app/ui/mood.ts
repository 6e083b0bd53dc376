import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import type { Mood } from '@/gql/generated';

/** A mood: its colour and its name. */
@Component({
  selector: 'mf-mood',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  host: { class: 'mood', '[attr.data-mood]': 'mood()' },
  template: `<span class="mood__dot" aria-hidden="true"></span><span>{{ 'mood.' + mood() | transloco }}</span>`,
})
export class MoodLabel {
  readonly mood = input.required<Mood>();
}
