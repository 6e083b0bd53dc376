import { ChangeDetectionStrategy, Component, input } from '@angular/core';
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
  host: { class: 'filter__more' },
  template: `
    <label class="field">
      <span class="field__label">{{ 'mood.label' | transloco }}</span>
      <select class="field__control" (change)="narrow()({ mood: $any($event.target).value || null })">
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
        (change)="narrow()({ from: $any($event.target).value || null })"
      />
    </label>
    <label class="field">
      <span class="field__label">{{ 'timeline.filter.to' | transloco }}</span>
      <input
        class="field__control"
        type="date"
        [value]="filter().to ?? ''"
        (change)="narrow()({ to: $any($event.target).value || null })"
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
  /** Takes what of the filter is otherwise. */
  readonly narrow = input.required<(change: Partial<JournalFilter>) => void>();

  protected readonly moods: readonly Mood[] = MOODS;
  protected readonly tagFields = TAG_FIELDS;

  protected tagged(field: TagField, tags: readonly string[]): void {
    this.narrow()({ [field]: tags.length > 0 ? [...tags] : null });
  }
}
