import { DestroyRef, Injectable, computed, effect, inject, signal, untracked } from '@angular/core';
import { Subject } from 'rxjs';
import { v7 as uuid7 } from 'uuid';
import {
  CreateEntryDocument,
  DeleteEntryDocument,
  EntryDocument,
  PublishEntryDocument,
  RestoreEntryDocument,
  UpdateEntryDocument,
} from '@/gql/first';
import type { EntryFieldsFragment } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { type Failure, failureOf } from '../failure';
import { GraphQL } from '../graphql/graphql';
import { Reachability } from '../graphql/reachability';
import { Database } from './database';
import { type Change, type OutboxItem, type Outcome, type Refusal, type UpdateChange, joined } from './outbox-item';

/** Between two attempts while something waits, in milliseconds; each further one waits twice as long, up to the greatest. */
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 60_000;
/** With so many attempts that ended in an internal error, a change waits for its user: it may be what breaks the platform. */
const BROKEN_ATTEMPTS_MAX = 5;
/** How long a tab waits for what another one says of a change that it has sent, in milliseconds. */
const OTHER_TAB_MS_MAX = 1_000;

const LOCK = 'mindflow-outbox';
const CHANNEL = 'mindflow-outbox';

/** What happened to a change that was in the outbox. */
export interface Settled {
  readonly item: OutboxItem;
  readonly outcome: Outcome;
}

export interface Added {
  /** What became of the change when all was tried that can be now. */
  readonly outcome: Promise<Outcome>;
}

/**
 * Changes of entries on their way to the platform. Each is kept on this device first and sent in order; ids are made here, so a change
 * whose answer was lost is sent again without being made twice. Of all tabs one sends.
 */
@Injectable({ providedIn: 'root' })
export class Outbox {
  private readonly database = inject(Database);
  private readonly graphql = inject(GraphQL);
  private readonly auth = inject(Auth);
  private readonly reachability = inject(Reachability);
  private readonly channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL);
  private readonly list = signal<readonly OutboxItem[]>([]);
  private readonly sendingNow = signal(false);
  private readonly settlements = new Subject<Settled>();
  /** Changes that this device could not keep: they are on the page alone. */
  private unkept: OutboxItem[] = [];
  private inFlight: string | null = null;
  private turn: Promise<void> = Promise.resolve();
  private retries = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  readonly items = this.list.asReadonly();
  readonly waiting = computed(() => this.list().filter(item => item.refusal === null));
  readonly refused = computed(() => this.list().filter(item => item.refusal !== null));
  readonly sending = this.sendingNow.asReadonly();
  readonly settled = this.settlements.asObservable();

  constructor() {
    this.channel?.addEventListener('message', ({ data }: MessageEvent<Settled | null>) => {
      void this.load();
      if (data) this.settlements.next(data);
    });
    // The browser asks before it loses what it could not keep.
    const leaving = (event: Event): void => {
      if (this.unkept.length > 0) event.preventDefault();
    };
    globalThis.addEventListener('beforeunload', leaving);
    inject(DestroyRef).onDestroy(() => {
      globalThis.removeEventListener('beforeunload', leaving);
      this.channel?.close();
      if (this.timer !== null) clearTimeout(this.timer);
    });
    effect(() => {
      const ready = this.auth.state() === 'in' && this.auth.person() !== null;
      const online = this.reachability.online();
      untracked(() => {
        if (!ready) this.list.set(this.auth.person() ? this.list() : []);
        else void this.load().then(() => (online ? this.replay() : undefined));
      });
    });
  }

  /** Keeps a change, and answers when that is done; then it is sent, with what waits before it. */
  async add(entryId: string, title: string, change: Change): Promise<Added> {
    const item: OutboxItem = {
      id: uuid7(),
      entryId,
      title,
      change,
      madeAt: new Date().toISOString(),
      attempts: 0,
      refusal: null,
    };
    const kept = await this.keep(item);
    const settled = new Promise<Outcome>(resolve => {
      const subscription = this.settlements.subscribe(({ item: { id }, outcome }) => {
        if (id !== kept.id) return;
        subscription.unsubscribe();
        resolve(outcome);
      });
    });
    const waits = this.replay().then(async (): Promise<Outcome> => {
      // Another tab has sent it, and is about to say what became of it.
      if (!this.list().some(each => each.id === kept.id)) await pause(OTHER_TAB_MS_MAX);
      return { kind: 'waiting', itemId: kept.id };
    });
    return { outcome: Promise.race([settled, waits]) };
  }

  /** Whether something of the entry has not been confirmed. */
  ofEntry(entryId: string): readonly OutboxItem[] {
    return this.list().filter(item => item.entryId === entryId);
  }

  /** Sends a refused change once more, as it is or changed. */
  async retry(id: string, change?: Change): Promise<void> {
    const item = this.list().find(each => each.id === id);
    if (!item) return;
    await this.put({ ...item, change: change ?? item.change, refusal: null, attempts: 0 });
    await this.replay();
  }

  /** Gives a change up. */
  async discard(id: string): Promise<void> {
    await this.remove(id);
    await this.replay();
  }

  /**
   * Takes away what was refused of an entry, since its user has decided otherwise. With a beginning that was refused, what follows it goes
   * as well: the platform has nothing that it could change. Answers whether that was so.
   */
  async giveWay(entryId: string): Promise<boolean> {
    const items = this.ofEntry(entryId);
    const neverBegan = items.some(item => item.change.kind === 'create' && item.refusal !== null);
    for (const item of items) if (neverBegan || item.refusal !== null) await this.remove(item.id);
    return neverBegan;
  }

  /** Sends what waits, in order, until something stands in the way. */
  async replay(): Promise<void> {
    if (this.auth.state() !== 'in') return;
    await this.locked(async () => {
      this.sendingNow.set(true);
      try {
        await this.sendAll();
      } finally {
        this.sendingNow.set(false);
        this.inFlight = null;
      }
    });
  }

  private async sendAll(): Promise<void> {
    await this.load();
    for (;;) {
      // What follows a refused change of the same entry waits for the user's decision.
      const blocked = new Set(this.refused().map(item => item.entryId));
      const next = this.waiting().find(item => !blocked.has(item.entryId));
      if (!next) break;
      this.inFlight = next.id;
      try {
        const entry = await this.send(next);
        this.retries = 0;
        await this.remove(next.id);
        if (entry) await this.rebase(next.entryId, entry.version);
        this.settle(next, { kind: 'sent', entry });
      } catch (error) {
        const failure = failureOf(error);
        const settled = await this.settledAlready(next, failure);
        if (settled !== null) {
          await this.remove(next.id);
          if (settled.entry) await this.rebase(next.entryId, settled.entry.version);
          this.settle(next, { kind: 'sent', entry: settled.entry });
          continue;
        }
        const isBroken = failure.code === 'INTERNAL' && next.attempts + 1 >= BROKEN_ATTEMPTS_MAX;
        if (failure.isPassing && !isBroken) {
          // Without a network nothing was sent.
          const wasSent = failure.code !== 'OFFLINE' || this.reachability.hasNetwork();
          if (wasSent) await this.put({ ...next, attempts: next.attempts + 1 });
          this.later(failure);
          return;
        }
        const refusal = refusalOf(failure);
        await this.put({ ...next, refusal });
        this.settle(next, { kind: 'refused', refusal, itemId: next.id });
      }
    }
  }

  private async send({ entryId, change }: OutboxItem): Promise<EntryFieldsFragment | null> {
    switch (change.kind) {
      case 'create':
        return (await this.graphql.mutate(CreateEntryDocument, { input: change.input })).createJournalEntry;
      case 'update': {
        const input = { ...change.input, id: entryId, expectedVersion: change.base };
        return (await this.graphql.mutate(UpdateEntryDocument, { input })).updateJournalEntry;
      }
      case 'publish':
        return (await this.graphql.mutate(PublishEntryDocument, { id: entryId })).publishJournalEntry;
      case 'delete':
        await this.graphql.mutate(DeleteEntryDocument, { id: entryId });
        return null;
      case 'restore':
        return (await this.graphql.mutate(RestoreEntryDocument, { id: entryId })).restoreJournalEntry;
    }
  }

  /** What the platform has, if that is what a refused change asks for: its first answer was lost, or another device was faster. */
  private async settledAlready(
    { change, entryId }: OutboxItem,
    failure: Failure,
  ): Promise<{ entry: EntryFieldsFragment | null } | null> {
    if (change.kind === 'delete' && failure.code === 'NOT_FOUND') return { entry: null };
    if (change.kind !== 'update' || failure.code !== 'CONFLICT') return null;
    try {
      const { journalEntry } = await this.graphql.query(EntryDocument, { id: entryId });
      return journalEntry && hasAlready(journalEntry, change.input) ? { entry: journalEntry } : null;
    } catch {
      return null;
    }
  }

  /** Later changes of an entry were made on the version that the former one of them made. */
  private async rebase(entryId: string, version: number): Promise<void> {
    for (const item of this.ofEntry(entryId)) {
      if (item.change.kind === 'update' && item.change.base !== null && item.change.base < version) {
        await this.put({ ...item, change: { ...item.change, base: version } });
      }
    }
  }

  private async keep(item: OutboxItem): Promise<OutboxItem> {
    const former = this.ofEntry(item.entryId).at(-1);
    // One that was sent may have arrived: the platform is to get the same again.
    if (former && former.id !== this.inFlight && former.attempts === 0 && former.refusal === null) {
      const both = joined(former.change, item.change);
      if (both) {
        const joint = { ...former, title: item.title, change: both };
        await this.put(joint);
        return joint;
      }
    }
    await this.put(item);
    return item;
  }

  /** What cannot be kept, as when the browser's storage is full, is on this page, and is sent from there. */
  private async put(item: OutboxItem): Promise<void> {
    const others = this.unkept.filter(each => each.id !== item.id);
    try {
      const database = await this.database.open();
      await database?.put('outbox', item);
      this.unkept = database ? others : [...others, item];
    } catch {
      this.unkept = [...others, item];
    }
    await this.load();
    this.channel?.postMessage(null);
  }

  private async remove(id: string): Promise<void> {
    this.unkept = this.unkept.filter(item => item.id !== id);
    await (await this.database.open())?.delete('outbox', id);
    await this.load();
    this.channel?.postMessage(null);
  }

  private settle(item: OutboxItem, outcome: Outcome): void {
    const settled: Settled = { item, outcome };
    this.settlements.next(settled);
    this.channel?.postMessage(settled);
  }

  private async load(): Promise<void> {
    const kept = (await (await this.database.open())?.getAll('outbox').catch(() => [])) ?? [];
    this.list.set([...kept, ...this.unkept].sort((a, b) => a.id.localeCompare(b.id)));
  }

  private later(failure: Failure): void {
    // What waits is here alone: a browser that needs room should take it elsewhere.
    void navigator.storage?.persist?.().catch(() => false);
    if (failure.code === 'UNAUTHENTICATED' || this.timer !== null) return;
    const wait = Math.max((failure.retryAfter ?? 0) * 1000, Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.retries));
    this.retries += 1;
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.replay();
    }, wait);
  }

  /** One at a time: in this tab, and of all tabs where the browser has locks. */
  private locked(action: () => Promise<void>): Promise<void> {
    const next = this.turn.then(async () => {
      if ('locks' in navigator) await navigator.locks.request(LOCK, action);
      else await action();
    });
    this.turn = next.catch(() => undefined);
    return next;
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/** Whether an entry is as a change asks for. */
function hasAlready(entry: EntryFieldsFragment, input: UpdateChange): boolean {
  const now: Readonly<Record<string, unknown>> = {
    ...entry,
    tags: entry.tags.map(tag => tag.name.toLowerCase()).sort(),
    attachmentIds: entry.attachments?.map(media => media.id),
    journalId: entry.journal?.id ?? null,
  };
  return Object.entries(input).every(([field, value]) => {
    const wanted =
      field === 'tags' ? ((value ?? []) as readonly string[]).map(name => name.toLowerCase()).sort() : value;
    if (field === 'place') return samePlace(entry.place, value as UpdateChange['place']);
    return value === undefined || JSON.stringify(now[field] ?? null) === JSON.stringify(wanted ?? null);
  });
}

function samePlace(a: UpdateChange['place'], b: UpdateChange['place']): boolean {
  const parts = (place: UpdateChange['place']) => [
    place?.name ?? null,
    place?.latitude ?? null,
    place?.longitude ?? null,
  ];
  return JSON.stringify(parts(a)) === JSON.stringify(parts(b));
}

function refusalOf(failure: Failure): Refusal {
  return {
    code: failure.code,
    message: failure.message,
    rules: failure.rules,
    quota: failure.quota,
    limit: failure.limit,
  };
}
