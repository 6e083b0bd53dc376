import { NgComponentOutlet } from '@angular/common';
import { ChangeDetectionStrategy, Component, computed, inject, input, output, signal } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Journals } from '@/core/journal/journals';
import { Dates } from '@/core/time/dates';
import type { JournalFilter } from '@/gql/generated';
import { Icon } from '@/ui/icon';
import { typingPause } from '@/ui/typing-pause';
import { whenWanted } from '@/ui/when-wanted';
import { TAG_FIELDS } from './filter-url';

/** How long after the last key the list is asked for, in milliseconds. */
const TYPING_MS = 300;

/** A part of the filter as it is shown above the list, with the filter without it. */
interface Chosen {
  readonly text: string;
  readonly without: JournalFilter;
}

/** What narrows the timeline. What is chosen is shown above the list, also when the bar is closed. */
@Component({
  selector: 'mf-filter-bar',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, NgComponentOutlet, TranslocoPipe],
  host: { class: 'filter' },
  template: `
    @if (journals.all().length > 1) {
      <fieldset class="segments filter__journals">
        <legend class="visually-hidden">{{ 'timeline.filter.journal' | transloco }}</legend>
        <label class="segment">
          <input type="radio" name="journal" [checked]="!filter().journalId" (change)="set({ journalId: null })" />
          <span>{{ 'timeline.filter.allJournals' | transloco }}</span>
        </label>
        @for (journal of journals.all(); track journal.id) {
          <label class="segment">
            <input
              type="radio"
              name="journal"
              [checked]="filter().journalId === journal.id"
              (change)="set({ journalId: journal.id })"
            />
            <span>{{ journal.name }}</span>
          </label>
        }
      </fieldset>
    }
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
        @if (chosen().length > 0) {
          <span class="count">{{ chosen().length }}</span>
        }
      </button>
    </div>
    @if (chosen().length > 0) {
      <ul class="filter__chosen" [attr.aria-label]="'timeline.filter.chosen' | transloco">
        @for (part of chosen(); track part.text) {
          <li>
            <button
              type="button"
              class="chip-button"
              [attr.aria-label]="'timeline.filter.remove' | transloco: { part: part.text }"
              (click)="filterChange.emit(part.without)"
            >
              <span>{{ part.text }}</span><mf-icon name="close" />
            </button>
          </li>
        }
        <li>
          <button type="button" class="button button--quiet button--small" (click)="filterChange.emit({})">
            {{ 'timeline.clear' | transloco }}
          </button>
        </li>
      </ul>
    }
    <div id="filter-more" [hidden]="!isOpen()">
      <ng-container
        [ngComponentOutlet]="isOpen() ? more() : null"
        [ngComponentOutletInputs]="{ filter: filter(), narrow: set }"
      />
    </div>
  `,
})
export class FilterBar {
  readonly filter = input.required<JournalFilter>();
  readonly filterChange = output<JournalFilter>();

  protected readonly journals = inject(Journals);
  private readonly dates = inject(Dates);
  private readonly transloco = inject(TranslocoService);
  protected readonly isOpen = signal(false);
  protected readonly more = whenWanted(this.isOpen, () => import('./filter-more').then(m => m.FilterMore));
  protected readonly chosen = computed(() => this.parts(this.filter()));
  private readonly pause = typingPause(TYPING_MS);

  protected typed(text: string): void {
    this.pause.set(() => this.set({ text: text.trim() || null }));
  }

  protected toggle(mark: 'pinned' | 'favourite'): void {
    this.filterChange.emit({ ...this.filter(), [mark]: this.filter()[mark] ? null : true });
  }

  protected readonly set = (change: Partial<JournalFilter>): void => {
    this.filterChange.emit({ ...this.filter(), ...change });
  };

  private parts(filter: JournalFilter): readonly Chosen[] {
    const say = (key: string, value: string) => this.transloco.translate(`timeline.filter.is.${key}`, { value });
    const parts: Chosen[] = [];
    const { mood, from, to, tag } = filter;
    if (mood) parts.push({ text: this.transloco.translate(`mood.${mood}`), without: { ...filter, mood: null } });
    if (from) parts.push({ text: say('from', this.dates.shortDay(from)), without: { ...filter, from: null } });
    if (to) parts.push({ text: say('to', this.dates.shortDay(to)), without: { ...filter, to: null } });
    if (tag) parts.push({ text: say('tag', tag), without: { ...filter, tag: null } });
    for (const field of TAG_FIELDS) {
      const names = filter[field] ?? [];
      if (names.length > 0) parts.push({ text: say(field, names.join(', ')), without: { ...filter, [field]: null } });
    }
    return parts;
  }
}
