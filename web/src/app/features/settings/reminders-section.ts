import { ChangeDetectionStrategy, Component, inject, input, output, signal } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { Dates } from '@/core/time/dates';
import {
  CreateReminderDocument,
  DeleteReminderDocument,
  type ReminderChannel,
  type ReminderFieldsFragment,
  UpdateReminderDocument,
  type Weekday,
} from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';
import { Icon } from '@/ui/icon';
import { WEEKDAYS, dateOfWeekday, nameOfDays, toggled } from './weekdays';

/** The platform's limit. */
const REMINDERS_MAX = 21;

/** When the user wants to be asked to write. */
@Component({
  selector: 'mf-reminders-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, Icon, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="reminders">
      <h2 class="section__heading" id="reminders">{{ 'settings.reminders.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.reminders.text' | transloco: { zone: dates.zone() } }}</p>
      @if (reminders().length > 0) {
        <ul class="rows">
          @for (reminder of reminders(); track reminder.id) {
            <li class="row">
              <label class="switch">
                <input
                  type="checkbox"
                  role="switch"
                  [checked]="reminder.active"
                  [disabled]="doing.busy()"
                  (change)="activate(reminder, $event)"
                />
                <span class="switch__text">
                  <span class="row__title">{{ dates.clock(reminder.time.slice(0, 5)) }}</span>
                  <span class="row__note"
                    >{{ daysOf(reminder) }} · {{ 'settings.reminders.channel.' + reminder.channel | transloco }}</span
                  >
                </span>
              </label>
              <button
                type="button"
                class="icon-button"
                [attr.aria-label]="
                  'settings.reminders.delete' | transloco: { time: dates.clock(reminder.time.slice(0, 5)) }
                "
                [disabled]="doing.busy()"
                (click)="remove(reminder)"
              >
                <mf-icon name="trash" />
              </button>
            </li>
          }
        </ul>
      }
      @if (adding()) {
        <form class="form" (submit)="add($event)">
          <fieldset>
            <legend class="field__label">{{ 'settings.reminders.days' | transloco }}</legend>
            <div class="segments">
              @for (day of weekdays; track day; let index = $index) {
                <label class="segment">
                  <input type="checkbox" [checked]="days().includes(day)" (change)="toggle(day)" />
                  <span
                    ><span class="visually-hidden">{{ dates.weekday(dateOf(index), 'long') }}</span
                    ><span aria-hidden="true">{{ dates.weekday(dateOf(index)) }}</span></span
                  >
                </label>
              }
            </div>
            <p class="field__error" aria-live="polite">{{ doing.wrong('weekdays') }}</p>
          </fieldset>
          <div class="settings__pair">
            <mf-field [label]="'settings.reminders.time' | transloco" [error]="doing.wrong('time')">
              <input mfControl type="time" name="time" value="20:00" required />
            </mf-field>
            <mf-field [label]="'settings.reminders.by' | transloco" [error]="doing.wrong('channel')">
              <select mfControl name="channel">
                <option value="PUSH">{{ 'settings.reminders.channel.PUSH' | transloco }}</option>
                <option value="EMAIL">{{ 'settings.reminders.channel.EMAIL' | transloco }}</option>
              </select>
            </mf-field>
          </div>
          <div class="row__actions">
            <button class="button button--primary" [disabled]="doing.busy()">
              {{ 'settings.reminders.save' | transloco }}
            </button>
            <button type="button" class="button button--quiet" (click)="adding.set(false)">
              {{ 'ui.cancel' | transloco }}
            </button>
          </div>
        </form>
      } @else if (reminders().length < most) {
        <div class="row__actions">
          <button type="button" class="button" (click)="adding.set(true)">
            <mf-icon name="plus" /><span>{{ 'settings.reminders.add' | transloco }}</span>
          </button>
        </div>
      }
    </section>
  `,
})
export class RemindersSection {
  readonly reminders = input.required<readonly ReminderFieldsFragment[]>();
  readonly changed = output<readonly ReminderFieldsFragment[]>();

  private readonly graphql = inject(GraphQL);
  private readonly transloco = inject(TranslocoService);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  protected readonly weekdays = WEEKDAYS;
  protected readonly most = REMINDERS_MAX;
  protected readonly dateOf = dateOfWeekday;
  protected readonly adding = signal(false);
  protected readonly days = signal<readonly Weekday[]>(WEEKDAYS);

  protected daysOf(reminder: ReminderFieldsFragment): string {
    const name = nameOfDays(reminder.weekdays);
    if (name) return this.transloco.translate(`settings.reminders.named.${name}`);
    return WEEKDAYS.filter(day => reminder.weekdays.includes(day))
      .map(day => this.dates.weekday(dateOfWeekday(WEEKDAYS.indexOf(day))))
      .join(', ');
  }

  protected toggle(day: Weekday): void {
    this.days.update(days => toggled(days, day));
  }

  protected async add(event: Event): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const input = {
      weekdays: this.days(),
      time: String(given.get('time') ?? ''),
      channel: String(given.get('channel')) as ReminderChannel,
    };
    const save = async () => {
      const { createReminder } = await this.graphql.mutate(CreateReminderDocument, { input });
      if (createReminder) this.changed.emit([...this.reminders(), createReminder]);
    };
    if (await this.doing.run(save, { fields: ['weekdays', 'time', 'channel'], done: 'ui.saved' }))
      this.adding.set(false);
  }

  protected async activate(reminder: ReminderFieldsFragment, event: Event): Promise<void> {
    const box = event.target as HTMLInputElement;
    const { id, channel, time, weekdays } = reminder;
    const done = await this.doing.run(async () => {
      const input = { channel, time, weekdays, active: box.checked };
      const { updateReminder } = await this.graphql.mutate(UpdateReminderDocument, { id, input });
      if (updateReminder) this.changed.emit(this.reminders().map(each => (each.id === id ? updateReminder : each)));
    });
    if (!done) box.checked = reminder.active;
  }

  protected async remove({ id }: ReminderFieldsFragment): Promise<void> {
    await this.doing.run(async () => {
      await this.graphql.mutate(DeleteReminderDocument, { id });
      this.changed.emit(this.reminders().filter(each => each.id !== id));
    });
  }
}
