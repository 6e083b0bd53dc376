import { Injectable, effect, inject, untracked } from '@angular/core';
import { Subject } from 'rxjs';
import { v7 as uuid7 } from 'uuid';
import { DraftsDocument, EntriesDocument, EntryDocument } from '@/gql/first';
import type { AnalysisFieldsFragment, EntryFieldsFragment, JournalFilter } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { failureOf } from '../failure';
import { GraphQL } from '../graphql/graphql';
import { Live } from '../graphql/live';
import { Database } from '../offline/database';
import { Outbox } from '../offline/outbox';
import { type Change, type CreateChange, type Outcome, type UpdateChange, hasText } from '../offline/outbox-item';
import { type Entry, matches, newestFirst, withAttachmentsOf, withChanges } from './entry';

export interface EntryPage {
  readonly entries: readonly Entry[];
  readonly endCursor: string | null;
  readonly hasNextPage: boolean;
  /** Null where it is not known: the page is of what this device has. */
  readonly totalCount: number | null;
  readonly from: 'platform' | 'device';
}

export interface EntryAnswer {
  readonly entry: Entry;
  /** Null where it could not be read. */
  readonly analysis: AnalysisFieldsFragment | null;
  readonly from: 'platform' | 'device';
}

/** `entry` is null when it is gone; `gap`: anything may have changed. */
export type EntryEvent =
  | { readonly kind: 'entry'; readonly id: string; readonly entry: Entry | null; readonly origin: 'here' | 'elsewhere' }
  | { readonly kind: 'analysis'; readonly id: string }
  | { readonly kind: 'gap' };

/** Cursors of pages of what this device has begin with it; the number of entries before the next page follows. */
const ON_DEVICE = 'device:';

/**
 * The journal's entries: read from the platform, or from what was seen here while it is away; written through the outbox. What is shown
 * has this device's changes in it from the moment they are made, and no longer when they are refused.
 */
@Injectable({ providedIn: 'root' })
export class Entries {
  private readonly graphql = inject(GraphQL);
  private readonly database = inject(Database);
  private readonly outbox = inject(Outbox);
  private readonly auth = inject(Auth);
  private readonly happenings = new Subject<EntryEvent>();

  readonly events = this.happenings.asObservable();

  constructor() {
    const live = inject(Live);
    live.events.subscribe(event => {
      if (event.kind === 'gap') this.happenings.next(event);
      else if (event.kind === 'analyzed') this.happenings.next({ kind: 'analysis', id: event.id });
      else void this.arrived(event.id, event.entry, 'elsewhere');
    });
    this.outbox.settled.subscribe(({ item, outcome }) => {
      if (outcome.kind === 'sent' && outcome.entry) void this.arrived(item.entryId, outcome.entry, 'here');
      else if (outcome.kind === 'sent') void this.left(item.entryId);
      else void this.announce(item.entryId, 'here');
    });
    // Another person has other entries.
    let person: string | null = null;
    effect(() => {
      const id = this.auth.person()?.id ?? null;
      untracked(() => {
        if (person !== null && id !== person) void this.graphql.forget();
        person = id;
      });
    });
  }

  newId(): string {
    return uuid7();
  }

  /** A page of the timeline, newest first. Changes that wait are in the first one. */
  async page(filter: JournalFilter, after: string | null, first = 30, signal?: AbortSignal): Promise<EntryPage> {
    if (after?.startsWith(ON_DEVICE)) return await this.keptPage(filter, Number(after.slice(ON_DEVICE.length)), first);
    try {
      const { journalEntries } = await this.graphql.query(
        EntriesDocument,
        { first, after, filter },
        signal ? { signal } : {},
      );
      if (!journalEntries) throw failureOf(new Error('There was no list.'));
      const entries = journalEntries.edges.map(edge => edge.node);
      await this.keep(entries);
      const shown = entries.map(entry => withChanges(entry, this.outbox.ofEntry(entry.id)));
      const own = after === null ? this.onlyHere(new Set(entries.map(entry => entry.id)), filter) : [];
      return {
        entries: [...own, ...shown.filter(entry => entry !== null)].sort(newestFirst),
        endCursor: journalEntries.pageInfo.endCursor,
        hasNextPage: journalEntries.pageInfo.hasNextPage,
        totalCount: journalEntries.totalCount,
        from: 'platform',
      };
    } catch (error) {
      if (signal?.aborted || !failureOf(error).isPassing) throw failureOf(error);
      if (after !== null) throw failureOf(error);
      return await this.keptPage(filter, 0, first);
    }
  }

  /** A page of what this device has. */
  private async keptPage(filter: JournalFilter, from: number, first: number): Promise<EntryPage> {
    const all = await this.keptHere(filter);
    const end = from + first;
    return {
      entries: all.slice(from, end),
      endCursor: `${ON_DEVICE}${end}`,
      hasNextPage: end < all.length,
      totalCount: null,
      from: 'device',
    };
  }

  /** What was seen on this device, newest first, with its changes. */
  async keptHere(filter: JournalFilter): Promise<readonly Entry[]> {
    const kept = (await (await this.database.open())?.getAllFromIndex('entries', 'byDay').catch(() => [])) ?? [];
    const shown = kept.map(entry => withChanges(entry, this.outbox.ofEntry(entry.id)));
    const own = this.onlyHere(new Set(kept.map(entry => entry.id)), filter);
    return [...own, ...shown.filter(entry => entry !== null)].filter(entry => matches(entry, filter)).sort(newestFirst);
  }

  /** Drafts that the platform has, and those of this device alone; the one that was changed last first. */
  async drafts(): Promise<readonly Entry[]> {
    let known: readonly EntryFieldsFragment[];
    try {
      known = (await this.graphql.query(DraftsDocument, { first: 20 })).drafts?.edges.map(edge => edge.node) ?? [];
      await this.keep(known);
    } catch {
      const kept = (await (await this.database.open())?.getAll('entries').catch(() => [])) ?? [];
      known = kept.filter(entry => entry.draft);
    }
    const ids = new Set(known.map(entry => entry.id));
    const own = this.waitingIds()
      .filter(id => !ids.has(id))
      .map(id => withChanges(null, this.outbox.ofEntry(id)));
    return [...own, ...known.map(entry => withChanges(entry, this.outbox.ofEntry(entry.id)))]
      .filter((entry): entry is Entry => entry?.draft ?? false)
      .sort((a, b) => b.updatedAt.localeCompare(a.updatedAt));
  }

  /** Null: there is none with this id. Throws a `Failure` where that is not known. */
  async get(id: string): Promise<EntryAnswer | null> {
    try {
      const { journalEntry } = await this.graphql.query(EntryDocument, { id });
      if (journalEntry) await this.keep([journalEntry]);
      else if (this.outbox.ofEntry(id).length === 0) await (await this.database.open())?.delete('entries', id);
      const before = journalEntry?.attachments === null ? await this.kept(id) : undefined;
      const known = journalEntry && withAttachmentsOf(before, journalEntry);
      const entry = withChanges(known, this.outbox.ofEntry(id));
      return entry && { entry, analysis: journalEntry?.analysis ?? null, from: 'platform' };
    } catch (error) {
      const entry = await this.local(id);
      if (!entry) throw failureOf(error);
      return { entry, analysis: null, from: 'device' };
    }
  }

  /** As this device has it. */
  async local(id: string): Promise<Entry | null> {
    return withChanges((await this.kept(id)) ?? null, this.outbox.ofEntry(id));
  }

  private async kept(id: string): Promise<EntryFieldsFragment | undefined> {
    return await (await this.database.open())?.get('entries', id).catch(() => undefined);
  }

  async create(input: CreateChange): Promise<Outcome> {
    return await this.change(input.id, input.title, { kind: 'create', input });
  }

  /** `base`: the version that the change was made on; null: on whichever there is, as for marks. */
  async update(id: string, title: string, input: UpdateChange, base: number | null): Promise<Outcome> {
    return await this.change(id, title, { kind: 'update', input, base });
  }

  async publish(id: string, title: string): Promise<Outcome> {
    return await this.change(id, title, { kind: 'publish' });
  }

  async remove(id: string, title: string): Promise<Outcome> {
    // Nothing stands in the way of it that was refused; what never reached the platform is gone with it.
    if (await this.outbox.giveWay(id)) {
      await this.announce(id, 'here');
      return { kind: 'sent', entry: null };
    }
    return await this.change(id, title, { kind: 'delete' });
  }

  async restore(id: string, title: string): Promise<Outcome> {
    return await this.change(id, title, { kind: 'restore' });
  }

  /** The platform answered it outside of the outbox, as when an earlier version was taken. */
  async learned(entry: EntryFieldsFragment): Promise<void> {
    await this.arrived(entry.id, entry, 'here');
  }

  /** Many entries may have changed, as when a tag was merged: what is shown is read again. */
  changedMany(): void {
    this.happenings.next({ kind: 'gap' });
  }

  /** Makes room for another change of an entry, where one was refused. Answers whether the platform has never had the entry. */
  async giveWay(id: string): Promise<boolean> {
    return await this.outbox.giveWay(id);
  }

  /** Whether the platform has the entry, or gets it with what waits; not where its beginning was refused. */
  hasBegun(entry: Entry): boolean {
    const begins = this.outbox.ofEntry(entry.id).find(item => item.change.kind === 'create');
    return entry.version > 0 || (begins !== undefined && begins.refusal === null);
  }

  /** Gives a refused change up; what the platform has is shown again. */
  async giveUp(itemId: string): Promise<void> {
    const item = this.outbox.items().find(each => each.id === itemId);
    await this.outbox.discard(itemId);
    if (item) await this.announce(item.entryId, 'here');
  }

  /** Gives a refused change up if nothing that was written is in it, so that it is not left waiting. */
  async takeBack(itemId: string): Promise<void> {
    const item = this.outbox.items().find(each => each.id === itemId);
    if (item && !hasText(item.change)) await this.giveUp(itemId);
  }

  /** What is shown follows as soon as the change is kept, without waiting for the platform. */
  private async change(id: string, title: string, change: Change): Promise<Outcome> {
    const { outcome } = await this.outbox.add(id, title, change);
    await this.announce(id, 'here');
    return await outcome;
  }

  private async arrived(id: string, known: EntryFieldsFragment | null, origin: 'here' | 'elsewhere'): Promise<void> {
    if (!known) return await this.left(id);
    const before = await this.kept(id);
    // An answer may be late: one that is newer is shown already.
    if (before && before.version > known.version) return;
    await this.keep([known]);
    this.happenings.next({ kind: 'entry', id, entry: withChanges(known, this.outbox.ofEntry(id)), origin });
  }

  private async left(id: string): Promise<void> {
    await (await this.database.open())?.delete('entries', id).catch(() => undefined);
    this.happenings.next({ kind: 'entry', id, entry: withChanges(null, this.outbox.ofEntry(id)), origin: 'elsewhere' });
  }

  private async announce(id: string, origin: 'here' | 'elsewhere'): Promise<void> {
    this.happenings.next({ kind: 'entry', id, entry: await this.local(id), origin });
  }

  private onlyHere(known: ReadonlySet<string>, filter: JournalFilter): Entry[] {
    return this.waitingIds()
      .filter(id => !known.has(id))
      .map(id => withChanges(null, this.outbox.ofEntry(id)))
      .filter((entry): entry is Entry => entry !== null && matches(entry, filter));
  }

  private waitingIds(): string[] {
    return [...new Set(this.outbox.items().map(item => item.entryId))];
  }

  /** A browser without room keeps what it has; what is read is shown all the same. */
  private async keep(entries: readonly EntryFieldsFragment[]): Promise<void> {
    try {
      const database = await this.database.open();
      if (!database || entries.length === 0) return;
      const transaction = database.transaction('entries', 'readwrite');
      const kept = entries.map(async entry => {
        // Pictures that could not be read now are as they were.
        const before = entry.attachments === null ? await transaction.store.get(entry.id) : undefined;
        await transaction.store.put(withAttachmentsOf(before, entry));
      });
      await Promise.all([...kept, transaction.done]);
    } catch {
      // It is read from the platform again.
    }
  }
}
