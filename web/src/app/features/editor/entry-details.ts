import { ChangeDetectionStrategy, Component, computed, inject, input, output, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Journals } from '@/core/journal/journals';
import { Dates } from '@/core/time/dates';
import { Icon } from '@/ui/icon';
import { MoodLabel } from '@/ui/mood';
import { MoodPicker } from '@/ui/mood-picker';
import type { Draft } from './draft';
import { TagInput } from './tag-input';

type Part = 'when' | 'mood' | 'tags' | 'place' | 'journal';

/** How long a device may look for where it is, in milliseconds. */
const LOCATE_MS_MAX = 15_000;

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
        <mf-icon name="place" /><span>{{ draft().place?.name || coordinates() || ('place.add' | transloco) }}</span>
      </button>
      @if (journals.all().length > 1) {
        <button
          type="button"
          class="chip-button"
          [attr.aria-expanded]="part() === 'journal'"
          (click)="toggle('journal')"
        >
          <mf-icon name="journal" /><span>{{ journal()?.name }}</span>
        </button>
      }
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
          <div class="details__here">
            @if (coordinates(); as coordinates) {
              <p>{{ coordinates }}</p>
              <button type="button" class="button button--quiet button--small" (click)="located(null)">
                {{ 'place.remove' | transloco }}
              </button>
            } @else if (canLocate) {
              <button type="button" class="button button--small" [disabled]="isLocating()" (click)="locate()">
                <mf-icon name="place" /><span>{{ 'place.here' | transloco }}</span>
              </button>
            }
            <p class="field__error" role="status">{{ wrong() ? (wrong()! | transloco) : '' }}</p>
          </div>
        </div>
      }
      @case ('journal') {
        <div class="details__part">
          <fieldset class="segments">
            <legend class="field__label">{{ 'journal.label' | transloco }}</legend>
            @for (each of journals.all(); track each.id) {
              <label class="segment">
                <input
                  type="radio"
                  name="entry-journal"
                  [checked]="each.id === journal()?.id"
                  (change)="changed.emit({ journalId: each.id })"
                />
                <span>{{ each.name }}</span>
              </label>
            }
          </fieldset>
        </div>
      }
    }
  `,
})
export class EntryDetails {
  readonly draft = input.required<Draft>();
  readonly changed = output<Partial<Draft>>();
  private readonly dates = inject(Dates);
  protected readonly journals = inject(Journals);
  protected readonly part = signal<Part | null>(null);
  protected readonly canLocate = 'geolocation' in navigator;
  protected readonly isLocating = signal(false);
  /** Why it is not known where this device is: the key of a text. */
  protected readonly wrong = signal<string | null>(null);
  protected readonly journal = computed(
    () => this.journals.byId(this.draft().journalId) ?? this.journals.all().find(each => each.isDefault) ?? null,
  );
  protected readonly coordinates = computed(() => {
    const { place } = this.draft();
    if (place?.latitude == null || place.longitude == null) return null;
    return `${place.latitude.toFixed(4)}, ${place.longitude.toFixed(4)}`;
  });
  protected readonly when = computed(() => {
    const { entryDate, entryTime } = this.draft();
    return entryTime ? `${this.dates.day(entryDate)}, ${this.dates.clock(entryTime)}` : this.dates.day(entryDate);
  });

  protected toggle(part: Part): void {
    this.part.update(open => (open === part ? null : part));
  }

  protected named(name: string): void {
    const place = this.draft().place;
    const hasCoordinates = place?.latitude != null;
    const given = name.trim() === '' ? null : name;
    this.changed.emit({ place: given === null && !hasCoordinates ? null : { ...place, name: given } });
  }

  protected locate(): void {
    this.isLocating.set(true);
    this.wrong.set(null);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        this.isLocating.set(false);
        this.located({ latitude: rounded(coords.latitude), longitude: rounded(coords.longitude) });
      },
      error => {
        this.isLocating.set(false);
        this.wrong.set(error.code === error.PERMISSION_DENIED ? 'place.refused' : 'place.unknown');
      },
      { timeout: LOCATE_MS_MAX, maximumAge: 60_000 },
    );
  }

  protected located(at: { readonly latitude: number; readonly longitude: number } | null): void {
    const name = this.draft().place?.name?.trim() || null;
    this.changed.emit({ place: at ? { name, ...at } : name === null ? null : { name } });
  }
}

/** To about ten metres: more says more of a person than where they were. */
function rounded(degrees: number): number {
  return Math.round(degrees * 10_000) / 10_000;
}
