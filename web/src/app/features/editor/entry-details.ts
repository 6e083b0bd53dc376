import { ChangeDetectionStrategy, Component, computed, inject, input, output, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Dates } from '@/core/time/dates';
import { Icon } from '@/ui/icon';
import { MoodLabel, MoodPicker } from '@/ui/mood';
import type { Draft } from './draft';
import { TagInput } from './tag-input';

/** What an entry has besides its text: in one line, which opens what is changed. */
@Component({
  selector: 'mf-entry-details',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, MoodLabel, MoodPicker, TagInput, TranslocoPipe],
  template: `
    <div class="details">
      <button type="button" class="chip-button" [attr.aria-expanded]="part() === 'when'" (click)="toggle('when')">
        <mf-icon name="calendar" /><span>{{ when() }}</span>
      </button>
      <button type="button" class="chip-button" [attr.aria-expanded]="part() === 'mood'" (click)="toggle('mood')">
        @if (draft().mood; as mood) {
          <mf-mood [mood]="mood" />
        } @else {
          <span>{{ 'mood.add' | transloco }}</span>
        }
      </button>
      <button type="button" class="chip-button" [attr.aria-expanded]="part() === 'tags'" (click)="toggle('tags')">
        <mf-icon name="tag" /><span>{{
          draft().tags.length > 0 ? draft().tags.join(', ') : ('tag.add' | transloco)
        }}</span>
      </button>
      <button type="button" class="chip-button" [attr.aria-expanded]="part() === 'place'" (click)="toggle('place')">
        <mf-icon name="place" /><span>{{ draft().place?.name || ('place.add' | transloco) }}</span>
      </button>
      <button
        type="button"
        class="chip-button"
        [attr.aria-pressed]="draft().private"
        (click)="changed.emit({ private: !draft().private })"
      >
        <mf-icon name="lock" /><span>{{ 'entry.private' | transloco }}</span>
      </button>
    </div>
    @switch (part()) {
      @case ('when') {
        <div class="details__part">
          <label class="field">
            <span class="field__label">{{ 'editor.date' | transloco }}</span>
            <input
              class="field__control"
              type="date"
              required
              [value]="draft().entryDate"
              (change)="$any($event.target).value && changed.emit({ entryDate: $any($event.target).value })"
            />
          </label>
          <label class="field">
            <span class="field__label">{{ 'editor.time' | transloco }}</span>
            <input
              class="field__control"
              type="time"
              [value]="draft().entryTime ?? ''"
              (change)="changed.emit({ entryTime: $any($event.target).value || null })"
            />
          </label>
        </div>
      }
      @case ('mood') {
        <div class="details__part">
          <mf-mood-picker [mood]="draft().mood" (moodChange)="changed.emit({ mood: $event })" />
        </div>
      }
      @case ('tags') {
        <div class="details__part">
          <mf-tag-input [tags]="draft().tags" (tagsChange)="changed.emit({ tags: $event })" />
        </div>
      }
      @case ('place') {
        <div class="details__part">
          <label class="field">
            <span class="field__label">{{ 'place.label' | transloco }}</span>
            <input
              class="field__control"
              maxlength="200"
              [value]="draft().place?.name ?? ''"
              (input)="named($any($event.target).value)"
            />
          </label>
        </div>
      }
    }
  `,
})
export class EntryDetails {
  readonly draft = input.required<Draft>();
  readonly changed = output<Partial<Draft>>();
  private readonly dates = inject(Dates);
  protected readonly part = signal<'when' | 'mood' | 'tags' | 'place' | null>(null);
  protected readonly when = computed(() => {
    const { entryDate, entryTime } = this.draft();
    return entryTime ? `${this.dates.day(entryDate)}, ${this.dates.clock(entryTime)}` : this.dates.day(entryDate);
  });

  protected toggle(part: 'when' | 'mood' | 'tags' | 'place'): void {
    this.part.update(open => (open === part ? null : part));
  }

  protected named(name: string): void {
    const place = this.draft().place;
    const hasCoordinates = place?.latitude != null;
    const given = name.trim() === '' ? null : name;
    this.changed.emit({ place: given === null && !hasCoordinates ? null : { ...place, name: given } });
  }
}
