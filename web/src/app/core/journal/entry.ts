import type { EntryFieldsFragment, JournalFilter, Mood } from '@/gql/generated';
import type { OutboxItem } from '../offline/outbox-item';

/** An entry as it is shown: as the platform knows it, with this device's changes that it has not confirmed. */
export interface Entry extends EntryFieldsFragment {
  /** What of it is not confirmed: nothing, changes on their way, or one that was refused. */
  readonly pending?: 'waiting' | 'refused';
}

export const MOODS: readonly Mood[] = [
  'HAPPY',
  'EXCITED',
  'GRATEFUL',
  'CALM',
  'NEUTRAL',
  'TIRED',
  'ANXIOUS',
  'STRESSED',
  'SAD',
  'ANGRY',
];

/** An entry that only this device knows, with nothing in it. */
export function blankEntry(id: string, madeAt: string, entryDate: string): EntryFieldsFragment {
  return {
    id,
    title: '',
    content: '',
    mood: null,
    tags: [],
    createdAt: madeAt,
    updatedAt: madeAt,
    entryDate,
    entryTime: null,
    version: 0,
    wordCount: 0,
    private: false,
    draft: false,
    publishedAt: null,
    pinned: false,
    favourite: false,
    journal: null,
    place: null,
    attachments: [],
  };
}

/** The entry with the pictures that it had in the same version, where they could not be read with it. */
export function withAttachmentsOf(
  before: EntryFieldsFragment | undefined,
  entry: EntryFieldsFragment,
): EntryFieldsFragment {
  if (entry.attachments !== null || before?.version !== entry.version) return entry;
  return { ...entry, attachments: before.attachments };
}

/** The entry with what the outbox has of it; null when it is not there, or is to be deleted. */
export function withChanges(known: EntryFieldsFragment | null, items: readonly OutboxItem[]): Entry | null {
  let entry: EntryFieldsFragment | null = known;
  let refused = false;
  let deleted = false;
  for (const { change, entryId, madeAt, refusal } of items) {
    if (refusal !== null) {
      refused = true;
      // A refused change is taken back. A refused beginning stays: there is no other copy of what was written.
      if (change.kind !== 'create') continue;
    }
    switch (change.kind) {
      case 'create': {
        const { input } = change;
        entry ??= blankEntry(entryId, madeAt, input.entryDate ?? madeAt.slice(0, 10));
        entry = changed(entry, input, madeAt);
        if (input.draft != null) entry = { ...entry, draft: input.draft };
        break;
      }
      case 'update':
        if (entry) entry = changed(entry, change.input, madeAt);
        break;
      case 'publish':
        if (entry) entry = { ...entry, draft: false };
        break;
      case 'delete':
        deleted = true;
        break;
      case 'restore':
        deleted = false;
        break;
    }
  }
  if (!entry || deleted) return null;
  if (items.length === 0) return entry;
  return { ...entry, pending: refused ? 'refused' : 'waiting' };
}

interface Changed {
  readonly title?: string | null;
  readonly content?: string | null;
  readonly mood?: Mood | null;
  readonly tags?: readonly string[] | null;
  readonly entryDate?: string | null;
  readonly entryTime?: string | null;
  readonly private?: boolean | null;
  readonly pinned?: boolean | null;
  readonly favourite?: boolean | null;
  readonly attachmentIds?: readonly string[] | null;
  readonly journalId?: string | null;
  readonly place?: {
    readonly name?: string | null;
    readonly latitude?: number | null;
    readonly longitude?: number | null;
  } | null;
}

function changed(entry: EntryFieldsFragment, input: Changed, at: string): EntryFieldsFragment {
  const content = input.content === undefined ? entry.content : (input.content ?? '');
  const tags = input.tags === undefined ? entry.tags : (input.tags ?? []).map(name => knownTag(entry, name));
  const ids = input.attachmentIds === undefined ? null : (input.attachmentIds ?? []);
  return {
    ...entry,
    title: input.title ?? entry.title,
    content,
    wordCount: input.content === undefined ? entry.wordCount : wordsOf(content),
    mood: input.mood === undefined ? entry.mood : input.mood,
    tags,
    entryDate: input.entryDate ?? entry.entryDate,
    entryTime: input.entryTime === undefined ? entry.entryTime : input.entryTime,
    private: input.private ?? entry.private,
    pinned: input.pinned ?? entry.pinned,
    favourite: input.favourite ?? entry.favourite,
    place:
      input.place === undefined
        ? entry.place
        : input.place && {
            name: input.place.name ?? null,
            latitude: input.place.latitude ?? null,
            longitude: input.place.longitude ?? null,
          },
    // Its name comes with the platform's answer.
    journal:
      input.journalId && input.journalId !== entry.journal?.id ? { id: input.journalId, name: '' } : entry.journal,
    attachments:
      ids === null ? entry.attachments : (entry.attachments?.filter(media => ids.includes(media.id)) ?? null),
    updatedAt: at,
  };
}

function knownTag(entry: EntryFieldsFragment, name: string): EntryFieldsFragment['tags'][number] {
  const known = entry.tags.find(tag => tag.name.toLowerCase() === name.toLowerCase());
  return known ?? { id: `new:${name.toLowerCase()}`, name };
}

const WORDS = new Intl.Segmenter(undefined, { granularity: 'word' });

/** How many words a text has, nearly as the platform counts them; its own count comes with its answer. */
export function wordsOf(text: string): number {
  let count = 0;
  for (const { isWordLike } of WORDS.segment(text)) if (isWordLike) count += 1;
  return count;
}

/** Whether a filter lets an entry through: for what is read on this device. */
export function matches(entry: EntryFieldsFragment, filter: JournalFilter): boolean {
  const has = (name: string) => entry.tags.some(tag => tag.name.toLowerCase() === name.toLowerCase());
  const text = filter.text?.trim().toLocaleLowerCase();
  const said = `${entry.title}\n${entry.content}`.toLocaleLowerCase();
  return (
    !entry.draft &&
    (!text || text.split(/\s+/u).every(word => said.includes(word))) &&
    (!filter.tag || has(filter.tag)) &&
    (!filter.mood || entry.mood === filter.mood) &&
    (!filter.from || entry.entryDate >= filter.from) &&
    (!filter.to || entry.entryDate <= filter.to) &&
    (filter.pinned == null || entry.pinned === filter.pinned) &&
    (filter.favourite == null || entry.favourite === filter.favourite) &&
    (!filter.journalId || entry.journal?.id === filter.journalId) &&
    (filter.tagsAll ?? []).every(has) &&
    (!filter.tagsAny?.length || filter.tagsAny.some(has)) &&
    !(filter.tagsNone ?? []).some(has)
  );
}

/** The order of the platform's lists: the day that it is about, then when it was written; the newest first. */
export function newestFirst(a: EntryFieldsFragment, b: EntryFieldsFragment): number {
  return b.entryDate.localeCompare(a.entryDate) || b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id);
}

const TITLE_MAX = 80;

/** A title for an entry without one: the beginning of its first line, without Markdown's signs. */
export function titleFrom(content: string): string {
  for (const line of content.split('\n')) {
    const plain = line
      .replace(/!\[[^\]]*\]\([^)]*\)/gu, '')
      .replace(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
      .replace(/^[\s>#*+-]+|[*_`~]/gu, '')
      .trim();
    if (plain === '') continue;
    const characters = Array.from(plain);
    if (characters.length <= TITLE_MAX) return plain;
    return `${characters
      .slice(0, TITLE_MAX)
      .join('')
      .replace(/\s+\S*$/u, '')}…`;
  }
  return '';
}
