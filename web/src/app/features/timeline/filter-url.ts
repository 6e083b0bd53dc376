import { MOODS } from '@/core/journal/entry';
import type { JournalFilter, Mood } from '@/gql/generated';

/** What the address of the timeline says; each is left out where it does not narrow the list. */
export interface FilterParams {
  readonly text?: string | null;
  readonly mood?: string | null;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly pinned?: string | null;
  readonly favourite?: string | null;
  readonly journal?: string | null;
  readonly tag?: string | null;
  readonly all?: string | null;
  readonly any?: string | null;
  readonly none?: string | null;
}

export type TagField = 'tagsAll' | 'tagsAny' | 'tagsNone';
export const TAG_FIELDS: readonly TagField[] = ['tagsAll', 'tagsAny', 'tagsNone'];

const DAY = /^\d{4}-\d\d-\d\d$/u;
/** Between tags; one that has it in its name has `%2C` instead. */
const BETWEEN = ',';

/** The filter of an address. What is not written as it has to be is passed over. */
export function filterOf(params: FilterParams): JournalFilter {
  const day = (text: string | null | undefined) => (text && DAY.test(text) ? text : null);
  const tags = (text: string | null | undefined) => {
    const names = (text ?? '').split(BETWEEN).filter(Boolean).map(decoded);
    return names.length > 0 ? names : null;
  };
  return withoutEmpty({
    text: params.text?.trim() || null,
    mood: MOODS.includes(params.mood as Mood) ? (params.mood as Mood) : null,
    from: day(params.from),
    to: day(params.to),
    pinned: params.pinned === 'yes' ? true : null,
    favourite: params.favourite === 'yes' ? true : null,
    journalId: params.journal || null,
    tag: params.tag || null,
    tagsAll: tags(params.all),
    tagsAny: tags(params.any),
    tagsNone: tags(params.none),
  });
}

/** The address of a filter: null for what is not in it, which takes it out of the address. */
export function paramsOf(filter: JournalFilter): Record<keyof FilterParams, string | null> {
  const tags = (names: readonly string[] | null | undefined) =>
    names?.length ? names.map(encoded).join(BETWEEN) : null;
  return {
    text: filter.text || null,
    mood: filter.mood ?? null,
    from: filter.from ?? null,
    to: filter.to ?? null,
    pinned: filter.pinned ? 'yes' : null,
    favourite: filter.favourite ? 'yes' : null,
    journal: filter.journalId ?? null,
    tag: filter.tag || null,
    all: tags(filter.tagsAll),
    any: tags(filter.tagsAny),
    none: tags(filter.tagsNone),
  };
}

function withoutEmpty(filter: JournalFilter): JournalFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null)) as JournalFilter;
}

const encoded = (name: string): string => name.replace(/[%,]/gu, encodeURIComponent);

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
