import { ChangeDetectionStrategy, Component, computed, inject, input, output, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { MOODS } from '@/core/journal/entry';
import { Tags } from '@/core/journal/tags';
import type { JournalFilter, Mood } from '@/gql/generated';
import { Icon } from '@/ui/icon';

/** How long after the last key the list is asked for, in milliseconds. */
const TYPING_MS = 300;

/** What narrows the timeline. What is chosen is shown above the list, also when the bar is closed. */
@Component({
  selector: 'mf-filter-bar',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  host: { class: 'filter' },
  template: `
    <div class="filter__line">
      <label class="filter__text">
        <mf-icon name="search" />
        <span class="visually-hidden">{{ 'timeline.filter.text' | transloco }}</span>
        <input
          type="search"
          [placeholder]="'timeline.filter.text' | transloco"
          [value]="filter().text ?? ''"
          (input)="typed($any($event.target).value)"
        />
      </label>
      <button
        type="button"
        class="chip-button"
        [attr.aria-pressed]="filter().pinned === true"
        (click)="toggle('pinned')"
      >
        <mf-icon name="pin" /><span>{{ 'timeline.filter.pinned' | transloco }}</span>
      </button>
      <button
        type="button"
        class="chip-button"
        [attr.aria-pressed]="filter().favourite === true"
        (click)="toggle('favourite')"
      >
        <mf-icon name="star" /><span>{{ 'timeline.filter.favourite' | transloco }}</span>
      </button>
      <button
        type="button"
        class="chip-button"
        [attr.aria-expanded]="isOpen()"
        aria-controls="filter-more"
        (click)="isOpen.set(!isOpen())"
      >
        <mf-icon name="filter" /><span>{{ 'timeline.filter.more' | transloco }}</span>
        @if (more() > 0) {
          <span class="count">{{ more() }}</span>
        }
      </button>
    </div>
    <div class="filter__more" id="filter-more" [hidden]="!isOpen()">
      @if (isOpen()) {
        <label class="field">
          <span class="field__label">{{ 'mood.label' | transloco }}</span>
          <select class="field__control" (change)="choose('mood', $any($event.target).value)">
            <option value="" [selected]="!filter().mood">{{ 'timeline.filter.any' | transloco }}</option>
            @for (mood of moods; track mood) {
              <option [value]="mood" [selected]="filter().mood === mood">{{ 'mood.' + mood | transloco }}</option>
            }
          </select>
        </label>
        <label class="field">
          <span class="field__label">{{ 'tag.label' | transloco }}</span>
          <select class="field__control" (change)="choose('tag', $any($event.target).value)">
            <option value="" [selected]="!filter().tag">{{ 'timeline.filter.any' | transloco }}</option>
            @for (tag of tags.all(); track tag.id) {
              <option [value]="tag.name" [selected]="filter().tag === tag.name">{{ tag.name }}</option>
            }
          </select>
        </label>
        <label class="field">
          <span class="field__label">{{ 'timeline.filter.from' | transloco }}</span>
          <input
            class="field__control"
            type="date"
            [value]="filter().from ?? ''"
            (change)="choose('from', $any($event.target).value)"
          />
        </label>
        <label class="field">
          <span class="field__label">{{ 'timeline.filter.to' | transloco }}</span>
          <input
            class="field__control"
            type="date"
            [value]="filter().to ?? ''"
            (change)="choose('to', $any($event.target).value)"
          />
        </label>
        <button type="button" class="button button--quiet" (click)="filterChange.emit({})">
          {{ 'timeline.clear' | transloco }}
        </button>
      }
    </div>
  `,
})
export class FilterBar {
  readonly filter = input.required<JournalFilter>();
  readonly filterChange = output<JournalFilter>();

  protected readonly tags = inject(Tags);
  protected readonly moods: readonly Mood[] = MOODS;
  protected readonly isOpen = signal(false);
  protected readonly more = computed(() => {
    const { mood, tag, from, to } = this.filter();
    return [mood, tag, from, to].filter(Boolean).length;
  });
  private timer: ReturnType<typeof setTimeout> | undefined;

  protected typed(text: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.filterChange.emit({ ...this.filter(), text: text.trim() || null }), TYPING_MS);
  }

  protected toggle(mark: 'pinned' | 'favourite'): void {
    this.filterChange.emit({ ...this.filter(), [mark]: this.filter()[mark] ? null : true });
  }

  protected choose(field: 'mood' | 'tag' | 'from' | 'to', value: string): void {
    this.filterChange.emit({ ...this.filter(), [field]: value || null });
  }
}
