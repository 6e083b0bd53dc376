import { ChangeDetectionStrategy, Component, inject, linkedSignal, resource } from '@angular/core';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import {
  NotificationSettingsDocument,
  type PreferenceFieldsFragment,
  type ReminderFieldsFragment,
} from '@/gql/generated';
import { Skeleton, Trouble } from '@/ui/states';
import { ChannelsSection } from './channels-section';
import { PushSection } from './push-section';
import { RemindersSection } from './reminders-section';

@Component({
  selector: 'mf-notification-settings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [ChannelsSection, PushSection, RemindersSection, Skeleton, Trouble],
  template: `
    @if (preferences(); as known) {
      <mf-channels-section [preferences]="known" (changed)="preferences.set($event)" />
      <mf-push-section />
      <mf-reminders-section [reminders]="reminders()" (changed)="reminders.set($event)" />
    } @else if (answered.error(); as error) {
      <mf-trouble [text]="texts.of(error)" (again)="answered.reload()" />
    } @else {
      <mf-skeleton [lines]="6" />
    }
  `,
})
export class NotificationSettings {
  private readonly graphql = inject(GraphQL);
  protected readonly texts = inject(FailureText);
  protected readonly answered = resource({
    loader: ({ abortSignal }) => this.graphql.query(NotificationSettingsDocument, {}, { signal: abortSignal }),
  });
  protected readonly preferences = linkedSignal<PreferenceFieldsFragment | null>(() =>
    this.answered.hasValue() ? this.answered.value().notificationPreferences : null,
  );
  protected readonly reminders = linkedSignal<readonly ReminderFieldsFragment[]>(() =>
    this.answered.hasValue() ? (this.answered.value().reminders ?? []) : [],
  );
}
