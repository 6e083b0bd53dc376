import { DestroyRef, Injectable, computed, effect, inject, signal, untracked } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { type Failure, failureOf } from '@/core/failure';
import { Reachability } from '@/core/graphql/reachability';
import { Entries, type EntryPage } from '@/core/journal/entries';
import { type Entry, matches, newestFirst } from '@/core/journal/entry';
import { Drafts, type KeptDraft } from '@/core/offline/drafts';
import type { JournalFilter } from '@/gql/generated';
import { TimelinePlace } from './timeline-place';

export interface Day {
  readonly date: string;
  readonly entries: readonly Entry[];
}

/** The timeline as far as it was read, kept up to date by what happens here and on other devices. */
@Injectable()
export class TimelineStore {
  private readonly entries = inject(Entries);
  private readonly texts = inject(Drafts);
  private readonly place = inject(TimelinePlace);
  private readonly list = signal<readonly Entry[]>([]);
  private readonly left = signal<readonly KeptDraft[]>([]);
  private readonly progress = signal<'loading' | 'ready' | 'more' | 'failed'>('loading');
  private cursor: string | null = null;
  /** How many entries there were when a page was read last. */
  private read = 0;
  private run = 0;
  private request: AbortController | null = null;

  readonly filter = signal<JournalFilter>({});
  readonly state = this.progress.asReadonly();
  readonly failure = signal<Failure | null>(null);
  readonly hasMore = signal(false);
  readonly total = signal<number | null>(null);
  readonly fromDevice = signal(false);
  readonly drafts = signal<readonly Entry[]>([]);
  /** Texts that were left before they were done, and are on this device alone. */
  readonly unfinished = computed(() => {
    // One whose beginning the platform refused is in the list already.
    const shown = new Set(this.list().flatMap(entry => (entry.version === 0 ? [entry.id] : [])));
    return this.left().filter(text => !shown.has(text.entryId));
  });
  readonly isFiltered = computed(() =>
    Object.values(this.filter()).some(value => value != null && value !== '' && value !== false),
  );
  readonly isEmpty = computed(() => this.progress() === 'ready' && this.list().length === 0);
  readonly days = computed(() => byDay(this.list()));

  constructor() {
    inject(DestroyRef).onDestroy(() => {
      if (this.state() === 'loading') return;
      const [filter, entries, cursor] = [this.filter(), this.list(), this.cursor];
      this.place.leave({ filter, entries, cursor, hasMore: this.hasMore(), total: this.total() });
    });
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
      this.hasMore.set(false);
      const kept = await this.entries.keptHere(filter);
      if (run !== this.run) return;
      this.show(kept.slice(0, SHOWN_FIRST));
    }
    try {
      const page = await this.entries.page(filter, null, PAGE, request.signal);
      if (run !== this.run) return;
      const further = isOther ? [] : await this.stillBehind(page);
      if (run !== this.run) return;
      this.cursor = page.endCursor;
      this.show([...page.entries, ...further]);
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

  /** Shows what was read before an entry was opened. False: it was another list. */
  restore(filter: JournalFilter): boolean {
    const read = this.place.find(filter);
    if (!read) return false;
    this.filter.set(filter);
    this.show(read.entries);
    this.cursor = read.cursor;
    this.hasMore.set(read.hasMore);
    this.total.set(read.total);
    this.progress.set('ready');
    return true;
  }

  /** After a failure: goes on where it was. */
  async again(): Promise<void> {
    if (this.list().length === 0 || !this.hasMore()) return await this.load();
    this.progress.set('ready');
    await this.more();
  }

  async loadDrafts(): Promise<void> {
    const drafts = await this.entries.drafts();
    this.drafts.set(drafts);
    const ids = new Set(drafts.map(draft => draft.id));
    const here = await this.texts.all();
    this.left.set(here.filter(text => !ids.has(text.entryId) && text.title.trim() + text.content.trim() !== ''));
  }

  async more(): Promise<void> {
    if (this.progress() !== 'ready' || !this.hasMore()) return;
    const run = this.run;
    this.progress.set('more');
    try {
      const page = await this.entries.page(this.filter(), this.cursor, PAGE, this.request?.signal);
      if (run !== this.run) return;
      const came = new Set(page.entries.map(entry => entry.id));
      this.cursor = page.endCursor;
      this.show([...this.list().filter(entry => !came.has(entry.id)), ...page.entries].sort(newestFirst));
      this.hasMore.set(page.hasNextPage);
      this.progress.set('ready');
    } catch (error) {
      if (run !== this.run || (failureOf(error).isPassing && (await this.moreFromDevice(run)))) return;
      this.failure.set(failureOf(error));
      this.progress.set('failed');
    }
  }

  /** What was shown behind a first page that was read again, as this device has it: who reads there is not thrown back. */
  private async stillBehind(page: EntryPage): Promise<readonly Entry[]> {
    const last = page.entries.at(-1);
    if (!last || !page.hasNextPage || this.list().length <= page.entries.length) return [];
    const shown = new Set(this.list().map(entry => entry.id));
    const kept = await this.entries.keptHere(this.filter());
    return kept.filter(entry => shown.has(entry.id) && newestFirst(last, entry) < 0);
  }

  /** Goes on with what this device has. False: it has no more. */
  private async moreFromDevice(run: number): Promise<boolean> {
    const last = this.list().at(-1);
    const kept = await this.entries.keptHere(this.filter());
    const behind = last ? kept.filter(entry => newestFirst(last, entry) < 0) : kept;
    if (run !== this.run || behind.length === 0) return run !== this.run;
    this.show([...this.list(), ...behind.slice(0, PAGE)]);
    this.hasMore.set(behind.length > PAGE);
    this.fromDevice.set(true);
    this.progress.set('ready');
    return true;
  }

  private put(id: string, entry: Entry | null): void {
    const list = this.list();
    const isKnown = list.some(each => each.id === id);
    if (!entry || !matches(entry, this.filter())) {
      if (!isKnown) return;
      this.list.set(list.filter(each => each.id !== id));
      this.total.update(total => total && total - 1);
      return;
    }
    // One behind what was read so far comes with its page.
    const last = list.at(-1);
    if (!isKnown && this.hasMore() && last && newestFirst(last, entry) < 0) return;
    if (!isKnown) this.total.update(total => total && total + 1);
    this.list.set(this.bounded([...list.filter(each => each.id !== id), entry].sort(newestFirst)));
  }

  private show(entries: readonly Entry[]): void {
    this.list.set(entries);
    this.read = entries.length;
  }

  /**
   * The list grows by a page at most without its reader: an import on another device can bring thousands. The rest comes with its pages.
   * They are read from the first one again, which adds nothing to what is shown.
   */
  private bounded(entries: readonly Entry[]): readonly Entry[] {
    const most = this.read + PAGE;
    if (entries.length <= most || this.progress() !== 'ready') return entries;
    this.cursor = null;
    this.hasMore.set(true);
    return entries.slice(0, most);
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
