import type { AiLedgerQuery } from '@/gql/generated';

/** The events that webhooks can have: docs/notifications.md. */
export const WEBHOOK_EVENTS = [
  'JournalEntryCreated',
  'JournalEntryUpdated',
  'JournalEntryDeleted',
  'MoodRecorded',
  'TagCreated',
  'TagRenamed',
  'AIInsightsGenerated',
  'AIAnalysisFailed',
  'UserUpdated',
] as const;

type Disclosure = NonNullable<AiLedgerQuery['aiLedger']>['edges'][number]['node'];

/**
 * What was sent to the host of a webhook, as the ledger has it. The ledger knows hosts alone, with the port where it is not the usual one,
 * so webhooks of one host share it.
 */
export function deliveriesTo(url: string, ledger: readonly Disclosure[]): readonly Disclosure[] {
  const host = URL.parse(url)?.host;
  return ledger.filter(each => each.purpose === 'WEBHOOK' && each.host === host);
}
