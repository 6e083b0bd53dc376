import type { Entry } from '@/core/journal/entry';
import { titleFrom } from '@/core/journal/entry';
import type { KeptDraft } from '@/core/offline/drafts';
import type { CreateChange, UpdateChange } from '@/core/offline/outbox-item';

/** What the editor has of an entry. */
export type Draft = Omit<KeptDraft, 'keptAt'>;

export function blankDraft(entryId: string, entryDate: string, entryTime: string | null): Draft {
  return {
    entryId,
    base: null,
    title: '',
    content: '',
    mood: null,
    tags: [],
    entryDate,
    entryTime,
    place: null,
    attachmentIds: [],
    journalId: null,
    private: false,
  };
}

export function draftOf(entry: Entry): Draft {
  return {
    entryId: entry.id,
    base: entry.version > 0 ? entry.version : null,
    title: entry.title,
    content: entry.content,
    mood: entry.mood,
    tags: entry.tags.map(tag => tag.name),
    entryDate: entry.entryDate,
    entryTime: entry.entryTime,
    place: entry.place && { name: entry.place.name, latitude: entry.place.latitude, longitude: entry.place.longitude },
    attachmentIds: entry.attachments?.map(media => media.id) ?? null,
    journalId: entry.journal?.id ?? null,
    private: entry.private,
  };
}

/** Whether there is nothing in it that anyone would miss. */
export function isBlank(draft: Draft): boolean {
  return draft.title.trim() === '' && draft.content.trim() === '' && draft.attachmentIds?.length === 0;
}

/** The title that it gets: the one that was typed, else the beginning of the text, else the day. */
export function titleOf(draft: Draft, day: string): string {
  return draft.title.trim() || titleFrom(draft.content) || day;
}

export function creation(draft: Draft, title: string, isDraft: boolean): CreateChange {
  return {
    id: draft.entryId,
    title,
    content: draft.content,
    mood: draft.mood,
    tags: draft.tags,
    entryDate: draft.entryDate,
    entryTime: draft.entryTime,
    place: draft.place,
    attachmentIds: draft.attachmentIds ?? [],
    journalId: draft.journalId,
    private: draft.private,
    draft: isDraft,
  };
}

/** What differs from what the writing began with; null where nothing does. */
export function difference(before: Draft, now: Draft, title: string): UpdateChange | null {
  const change: Record<string, unknown> = {};
  if (title !== before.title) change['title'] = title;
  for (const field of ['content', 'mood', 'entryDate', 'entryTime', 'journalId', 'private'] as const) {
    if (now[field] !== before[field]) change[field] = now[field];
  }
  for (const field of ['tags', 'attachmentIds', 'place'] as const) {
    if (JSON.stringify(now[field]) !== JSON.stringify(before[field])) change[field] = now[field];
  }
  if (now.attachmentIds === null) delete change['attachmentIds'];
  return Object.keys(change).length === 0 ? null : (change as UpdateChange);
}

/** Two versions in one: the texts one below the other, with the tags and the files of both. */
export function both(mine: Draft, theirs: Draft): Partial<Draft> {
  const union = (first: readonly string[], second: readonly string[]) => [...new Set([...first, ...second])];
  const heading = theirs.title.trim() !== '' && theirs.title !== mine.title ? `## ${theirs.title}\n\n` : '';
  const isSame = heading === '' && theirs.content === mine.content;
  return {
    content: isSame ? mine.content : `${mine.content}\n\n---\n\n${heading}${theirs.content}`,
    tags: union(mine.tags, theirs.tags),
    attachmentIds: mine.attachmentIds && theirs.attachmentIds && union(mine.attachmentIds, theirs.attachmentIds),
  };
}

/** A text without the pictures and sounds that show an upload (`media:ID`). */
export function withoutMedia(content: string, reference: string): string {
  const sign = reference.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&');
  return content.replace(new RegExp(`\\n*!\\[[^\\]]*\\]\\(${sign}\\)`, 'gu'), '');
}

/** How a text shows an upload. */
export function mediaText(fileName: string, reference: string): string {
  return `![${fileName.replace(/\.\w+$/u, '').replace(/[[\]\\\n]/gu, ' ')}](${reference})`;
}
