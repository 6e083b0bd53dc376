import type { CreateJournalEntryInput, EntryFieldsFragment, UpdateJournalEntryInput } from '@/gql/generated';
import type { BrokenRule, FailureCode } from '../failure';

export type CreateChange = Omit<CreateJournalEntryInput, 'clientMutationId'> & { readonly id: string };
export type UpdateChange = Omit<UpdateJournalEntryInput, 'id' | 'expectedVersion'>;

/** A change of an entry that the platform has not confirmed. */
export type Change =
  | { readonly kind: 'create'; readonly input: CreateChange }
  | {
      readonly kind: 'update';
      readonly input: UpdateChange;
      /** The version that it was made on; null: whatever there is. */
      readonly base: number | null;
    }
  | { readonly kind: 'publish' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'restore' };

/** Why the platform refused a change. It waits until the user has decided. */
export interface Refusal {
  readonly code: FailureCode;
  readonly message: string;
  readonly rules: readonly BrokenRule[];
  readonly quota: string | null;
  readonly limit: number | null;
}

export interface OutboxItem {
  /** A UUID of version 7: the order of the outbox. */
  readonly id: string;
  readonly entryId: string;
  /** The title as the user knows it, for lists of what waits. */
  readonly title: string;
  readonly change: Change;
  readonly madeAt: string;
  readonly attempts: number;
  readonly refusal: Refusal | null;
}

/** What became of a change. */
export type Outcome =
  | { readonly kind: 'sent'; readonly entry: EntryFieldsFragment | null }
  | {
      readonly kind: 'waiting';
      /** Of what is sent later. */
      readonly itemId: string;
    }
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      /** The id of what waits for its user's decision in the outbox. */
      readonly itemId: string;
    };

/**
 * The later change taken into the former one of the same entry, where one request says both; null where each has to be sent.
 * Only changes that were not sent yet are joined.
 */
export function joined(former: Change, later: Change): Change | null {
  if (later.kind === 'update' && former.kind === 'create') {
    return { kind: 'create', input: { ...former.input, ...withoutNull(later.input), id: former.input.id } };
  }
  if (later.kind === 'update' && former.kind === 'update') {
    return { kind: 'update', input: { ...former.input, ...later.input }, base: former.base };
  }
  if (later.kind === 'publish' && former.kind === 'create') {
    return { kind: 'create', input: { ...former.input, draft: false } };
  }
  if (later.kind === 'restore' && former.kind === 'delete') return null;
  return null;
}

/** Whether something that was written is in it, and not marks alone. */
export function hasText(change: Change): boolean {
  if (change.kind === 'create') return true;
  return (
    change.kind === 'update' && Object.keys(change.input).some(field => field !== 'pinned' && field !== 'favourite')
  );
}

/** In a new entry, null is as what is left out; a title and a content are always there. */
function withoutNull(input: UpdateChange): Partial<CreateChange> {
  const { title, content, ...others } = input;
  return {
    ...others,
    ...(title == null ? {} : { title }),
    ...(content === undefined ? {} : { content: content ?? '' }),
  };
}
