import { ChangeDetectionStrategy, Component, input, output } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { MOODS } from '@/core/journal/entry';
import { TagInput } from '@/features/editor/tag-input';
import type { JournalFilter, Mood } from '@/gql/generated';
import { TAG_FIELDS, type TagField } from './filter-url';

/** The part of the filter that is asked for: its mood, days and tags. It is loaded when it is opened. */
@Component({
  selector: 'mf-filter-more',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TagInput, TranslocoPipe],
  template: `
    <label class="field">
      <span class="field__label">{{ 'mood.label' | transloco }}</span>
      <select class="field__control" (change)="narrowed.emit({ mood: $any($event.target).value || null })">
        <option value="" [selected]="!filter().mood">{{ 'timeline.filter.any' | transloco }}</option>
        @for (mood of moods; track mood) {
          <option [value]="mood" [selected]="filter().mood === mood">{{ 'mood.' + mood | transloco }}</option>
        }
      </select>
    </label>
    <label class="field">
      <span class="field__label">{{ 'timeline.filter.from' | transloco }}</span>
      <input
        class="field__control"
        type="date"
        [value]="filter().from ?? ''"
        (change)="narrowed.emit({ from: $any($event.target).value || null })"
      />
    </label>
    <label class="field">
      <span class="field__label">{{ 'timeline.filter.to' | transloco }}</span>
      <input
        class="field__control"
        type="date"
        [value]="filter().to ?? ''"
        (change)="narrowed.emit({ to: $any($event.target).value || null })"
      />
    </label>
    @for (field of tagFields; track field) {
      <mf-tag-input
        class="filter__tags"
        knownOnly
        [label]="'timeline.filter.' + field | transloco"
        [tags]="filter()[field] ?? []"
        (tagsChange)="tagged(field, $event)"
      />
    }
  `,
})
export class FilterMore {
  readonly filter = input.required<JournalFilter>();
  /** What of the filter is otherwise. */
  readonly narrowed = output<Partial<JournalFilter>>();

  protected readonly moods: readonly Mood[] = MOODS;
  protected readonly tagFields = TAG_FIELDS;

  protected tagged(field: TagField, tags: readonly string[]): void {
    this.narrowed.emit({ [field]: tags.length > 0 ? [...tags] : null });
  }
}
