import { ChangeDetectionStrategy, Component, computed, inject, input, output } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { Dates } from '@/core/time/dates';
import { type PreferenceFieldsFragment, SaveChannelsDocument, SaveQuietHoursDocument } from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';

const CHANNELS = ['email', 'push', 'webhooks'] as const;
type Channel = (typeof CHANNELS)[number];

/** What quiet hours begin with when they are switched on. */
const QUIET = { start: 22, end: 7 };
const HOURS: readonly number[] = Array.from({ length: 24 }, (_, hour) => hour);

/** By which channels the user hears of something, and when not. */
@Component({
  selector: 'mf-channels-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="channels">
      <h2 class="section__heading" id="channels">{{ 'settings.channels.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.channels.text' | transloco }}</p>
      @for (channel of channels; track channel) {
        <label class="switch">
          <input
            type="checkbox"
            role="switch"
            [checked]="preferences()[channel]"
            [disabled]="doing.busy()"
            (change)="turn(channel, $event)"
          />
          <span class="switch__text">
            <span>{{ 'settings.channels.' + channel | transloco }}</span>
            <span class="row__note">{{ 'settings.channels.' + channel + 'Text' | transloco }}</span>
          </span>
        </label>
      }
    </section>
    <section class="section" aria-labelledby="quiet">
      <h2 class="section__heading" id="quiet">{{ 'settings.quiet.heading' | transloco }}</h2>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          [checked]="isQuiet()"
          [disabled]="doing.busy()"
          (change)="quiet($any($event.target).checked ? standard : null)"
        />
        <span class="switch__text">
          <span>{{ 'settings.quiet.on' | transloco }}</span>
          <span class="row__note">{{ 'settings.quiet.text' | transloco: { zone: dates.zone() } }}</span>
        </span>
      </label>
      @if (isQuiet()) {
        <div class="settings__pair">
          <mf-field [label]="'settings.quiet.start' | transloco" [error]="doing.wrong('quietHoursStart')">
            <select
              mfControl
              (change)="quiet({ start: +$any($event.target).value, end: preferences().quietHoursEnd ?? 0 })"
            >
              @for (hour of hours; track hour) {
                <option [value]="hour" [selected]="hour === preferences().quietHoursStart">{{ clock(hour) }}</option>
              }
            </select>
          </mf-field>
          <mf-field [label]="'settings.quiet.end' | transloco" [error]="doing.wrong('quietHoursEnd')">
            <select
              mfControl
              (change)="quiet({ start: preferences().quietHoursStart ?? 0, end: +$any($event.target).value })"
            >
              @for (hour of hours; track hour) {
                <option [value]="hour" [selected]="hour === preferences().quietHoursEnd">{{ clock(hour) }}</option>
              }
            </select>
          </mf-field>
        </div>
      }
    </section>
  `,
})
export class ChannelsSection {
  readonly preferences = input.required<PreferenceFieldsFragment>();
  readonly changed = output<PreferenceFieldsFragment>();

  private readonly graphql = inject(GraphQL);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  protected readonly channels = CHANNELS;
  protected readonly hours = HOURS;
  protected readonly standard = QUIET;
  protected readonly isQuiet = computed(() => this.preferences().quietHoursStart !== null);

  protected clock(hour: number): string {
    return this.dates.clock(`${String(hour).padStart(2, '0')}:00`);
  }

  protected async turn(channel: Channel, event: Event): Promise<void> {
    const box = event.target as HTMLInputElement;
    const done = await this.doing.run(async () => {
      const answer = await this.graphql.mutate(SaveChannelsDocument, { [channel]: box.checked });
      if (answer.updateNotificationPreferences) this.changed.emit(answer.updateNotificationPreferences);
    });
    // A refused change is taken back: the value of the input is what the platform has.
    if (!done) box.checked = this.preferences()[channel];
  }

  protected async quiet(hours: { start: number; end: number } | null): Promise<void> {
    await this.doing.run(
      async () => {
        const variables = { start: hours?.start ?? null, end: hours?.end ?? null };
        const answer = await this.graphql.mutate(SaveQuietHoursDocument, variables);
        if (answer.updateNotificationPreferences) this.changed.emit(answer.updateNotificationPreferences);
      },
      { fields: hours ? ['quietHoursStart', 'quietHoursEnd'] : [] },
    );
  }
}
