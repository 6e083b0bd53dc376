import { daysAfter } from '@/core/time/dates';

/** The types of events that the trail has: docs/events.md. */
export const EVENT_TYPES = [
  'AIAnalysisFailed',
  'AIInsightsGenerated',
  'AccountDeletionCancelled',
  'AccountDeletionRequested',
  'AccountErased',
  'AccountMailRequested',
  'CredentialsChanged',
  'ErasureCompleted',
  'JournalCreated',
  'JournalDeleted',
  'JournalDraftSaved',
  'JournalEntryCreated',
  'JournalEntryDeleted',
  'JournalEntryPurged',
  'JournalEntryUpdated',
  'JournalRenamed',
  'KeysDestroyed',
  'MailRequested',
  'MoodRecorded',
  'MoodTakenBack',
  'NotificationRequested',
  'PushRequested',
  'TagCreated',
  'TagDeleted',
  'TagRenamed',
  'UserLoggedIn',
  'UserRegistered',
  'UserUpdated',
  'WebhookRequested',
] as const;

export interface AuditFilter {
  readonly eventType: string | null;
  readonly userId: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

interface Given {
  readonly type?: string | undefined;
  readonly user?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Days are whole, in UTC, in which the trail is kept; the last one is within. */
export function filterOf({ type, user, from, to }: Given): AuditFilter {
  return {
    eventType: type || null,
    userId: user || null,
    from: isDay(from) ? `${from}T00:00:00Z` : null,
    to: isDay(to) ? `${daysAfter(to, 1)}T00:00:00Z` : null,
  };
}

const isDay = (text: string | undefined): text is string => /^\d{4}-\d{2}-\d{2}$/u.test(text ?? '');
