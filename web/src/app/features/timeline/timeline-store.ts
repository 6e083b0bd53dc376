import { Injectable, computed, effect, inject, signal, untracked } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { type Failure, failureOf } from '@/core/failure';
import { Reachability } from '@/core/graphql/reachability';
import { Entries } from '@/core/journal/entries';
import { type Entry, matches, newestFirst } from '@/core/journal/entry';
import type { JournalFilter } from '@/gql/generated';

export interface Day {
  readonly date: string;
  readonly entries: readonly Entry[];
}

/** The timeline as far as it was read, kept up to date by what happens here and on other devices. */
@Injectable()
export class TimelineStore {
  private readonly entries = inject(Entries);
  private readonly list = signal<readonly Entry[]>([]);
  private readonly progress = signal<'loading' | 'ready' | 'more' | 'failed'>('loading');
  private cursor: string | null = null;
  private run = 0;
  private request: AbortController | null = null;

  readonly filter = signal<JournalFilter>({});
  readonly state = this.progress.asReadonly();
  readonly failure = signal<Failure | null>(null);
  readonly hasMore = signal(false);
  readonly total = signal<number | null>(null);
  readonly fromDevice = signal(false);
  readonly drafts = signal<readonly Entry[]>([]);
  readonly isFiltered = computed(() =>
    Object.values(this.filter()).some(value => value != null && value !== '' && value !== false),
  );
  readonly isEmpty = computed(() => this.progress() === 'ready' && this.list().length === 0);
  readonly days = computed(() => byDay(this.list()));

  constructor() {
    const reachability = inject(Reachability);
    effect(() => {
      const isBack = reachability.online() && this.fromDevice();
      untracked(() => isBack && void this.load());
    });
    this.entries.events.pipe(takeUntilDestroyed()).subscribe(event => {
      if (event.kind === 'gap') {
        void this.load();
        void this.loadDrafts();
      }
      if (event.kind === 'entry') {
        this.put(event.id, event.entry);
        this.putDraft(event.id, event.entry);
      }
    });
  }

  /** Begins with the first page; what is kept on this device is shown until it comes. */
  async load(filter: JournalFilter = this.filter()): Promise<void> {
    const run = ++this.run;
    this.request?.abort();
    const request = (this.request = new AbortController());
    const isOther = filter !== this.filter();
    this.filter.set(filter);
    this.failure.set(null);
    if (isOther || this.list().length === 0) {
      this.progress.set('loading');
      const kept = await this.entries.keptHere(filter);
      if (run !== this.run) return;
      this.list.set(kept.slice(0, SHOWN_FIRST));
    }
    try {
      const page = await this.entries.page(filter, null, PAGE, request.signal);
      if (run !== this.run) return;
      this.cursor = page.endCursor;
      this.list.set(page.entries);
      this.hasMore.set(page.hasNextPage);
      this.total.set(page.totalCount);
      this.fromDevice.set(page.from === 'device');
      this.progress.set('ready');
    } catch (error) {
      if (run !== this.run) return;
      this.failure.set(failureOf(error));
      this.progress.set('failed');
    }
  }

  async loadDrafts(): Promise<void> {
    this.drafts.set(await this.entries.drafts());
  }

  async more(): Promise<void> {
    if (this.progress() !== 'ready' || !this.hasMore()) return;
    const run = this.run;
    this.progress.set('more');
    try {
      const page = await this.entries.page(this.filter(), this.cursor, PAGE, this.request?.signal);
      if (run !== this.run) return;
      const known = new Set(this.list().map(entry => entry.id));
      this.cursor = page.endCursor;
      this.list.update(list => [...list, ...page.entries.filter(entry => !known.has(entry.id))].sort(newestFirst));
      this.hasMore.set(page.hasNextPage);
      this.progress.set('ready');
    } catch (error) {
      if (run !== this.run) return;
      this.failure.set(failureOf(error));
      this.progress.set('failed');
    }
  }

  private put(id: string, entry: Entry | null): void {
    const list = this.list();
    const isKnown = list.some(each => each.id === id);
    if (!entry || !matches(entry, this.filter())) {
      if (isKnown) this.list.set(list.filter(each => each.id !== id));
      return;
    }
    // One behind what was read so far comes with its page.
    const last = list.at(-1);
    if (!isKnown && this.hasMore() && last && newestFirst(last, entry) < 0) return;
    this.list.set([...list.filter(each => each.id !== id), entry].sort(newestFirst));
  }

  private putDraft(id: string, entry: Entry | null): void {
    const others = this.drafts().filter(draft => draft.id !== id);
    this.drafts.set(entry?.draft ? [entry, ...others] : others);
  }
}

const PAGE = 30;
/** Of what is kept here, so many are shown before the platform answers. */
const SHOWN_FIRST = 30;

export function byDay(entries: readonly Entry[]): readonly Day[] {
  const days: { date: string; entries: Entry[] }[] = [];
  for (const entry of entries) {
    const last = days.at(-1);
    if (last?.date === entry.entryDate) last.entries.push(entry);
    else days.push({ date: entry.entryDate, entries: [entry] });
  }
  return days;
}
