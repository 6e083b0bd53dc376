import { DestroyRef, Injectable, computed, effect, inject, signal, untracked } from '@angular/core';
import { ChangesSinceDocument } from '@/gql/first';
import type { ChangesSinceQuery } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { Failure, failureOf } from '../failure';
import { GraphQL } from '../graphql/graphql';
import { Live } from '../graphql/live';
import { Reachability } from '../graphql/reachability';
import { Entries } from '../journal/entries';
import { withAttachmentsOf } from '../journal/entry';
import { Journals } from '../journal/journals';
import { Tags } from '../journal/tags';
import { Templates } from '../journal/templates';
import { Database, isFull } from './database';

type SyncPage = NonNullable<ChangesSinceQuery['changesSince']>;

/** So many changes a request; fewer where an answer would be too large. */
const PAGE = 60;
/** After so long, so that the first page that is shown comes first, in milliseconds. */
const BEGIN_MS = 3_000;
/**
 * Of what a user may ask for in a minute (docs/security.md, "Rate limits"), 150,000 points, a page takes some 6,000: so many pages one after the
 * other, then one in so long, leave most of it to what the user does meanwhile. Milliseconds.
 */
const PAGES_WITHOUT_PAUSE = 6;
const PAUSE_MS = 8_000;
/** So often in one run the platform may ask to wait, for so long at most, in seconds. */
const REFUSALS_MAX = 5;
const WAIT_S_MAX = 120;
/** After a run that something stood in the way of, in milliseconds; each further time twice as long, up to the greatest. */
const RETRY_MS_MIN = 2_000;
const RETRY_MS_MAX = 120_000;
const LOCK = 'mindflow-sync';
const KEY = 'sync';

/** How far this device has read. */
interface Reached {
  readonly cursor: string | null;
  /** While everything is read: entries that were here before and have not come. What is left at the end is gone. */
  readonly missing: readonly string[] | null;
}

/**
 * Keeps what this device has of the journal as the platform has it, so that all of it can be read without a network: every change since
 * the last one that was read here (docs/journal.md, "Devices that were away"). Of all tabs one reads.
 */
@Injectable({ providedIn: 'root' })
export class Sync {
  private readonly graphql = inject(GraphQL);
  private readonly database = inject(Database);
  private readonly tags = inject(Tags);
  private readonly journals = inject(Journals);
  private readonly templates = inject(Templates);
  private readonly entries = inject(Entries);
  private readonly auth = inject(Auth);
  private readonly busy = signal(false);
  private again = false;
  /** Runs in a row that something stood in the way of. */
  private failures = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  /** Whether this run has found what nothing here has shown yet. */
  private foundNews = false;

  /** Whether it reads. */
  readonly running = this.busy.asReadonly();

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.retry));
    const reachability = inject(Reachability);
    inject(Live).events.subscribe(event => {
      if (event.kind === 'gap') void this.run();
    });
    const isReady = computed(() => this.isSignedIn() && reachability.online());
    effect(onCleanup => {
      if (!isReady()) return;
      const timer = setTimeout(() => untracked(() => void this.run()), BEGIN_MS);
      onCleanup(() => clearTimeout(timer));
    });
  }

  /** Reads what has changed. What stands in the way for a while is tried again, later each time. */
  async run(): Promise<void> {
    if (this.busy()) {
      this.again = true;
      return;
    }
    clearTimeout(this.retry);
    this.busy.set(true);
    try {
      do {
        this.again = false;
        await alone(() => this.read());
      } while (this.again);
      this.failures = 0;
    } catch (error) {
      // What was read stays.
      this.later(error);
    } finally {
      this.busy.set(false);
    }
  }

  /**
   * Whether the platform can be reached is not asked: it may be that this request is the one that found it away, and no other one is to
   * find it again.
   */
  private later(error: unknown): void {
    const isPassing = error instanceof Failure ? error.isPassing : !isFull(error);
    if (!isPassing || !this.isSignedIn()) return;
    const longest = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.failures);
    this.failures += 1;
    // Half of it by chance, so that clients of a platform that was restarted do not come together.
    const wait = Math.max((failureOf(error).retryAfter ?? 0) * 1_000, longest * (0.5 + Math.random() / 2));
    this.retry = setTimeout(() => void this.run(), wait);
  }

  private isSignedIn(): boolean {
    return this.auth.state() === 'in' && this.auth.person() !== null;
  }

  private async read(): Promise<void> {
    let reached = await this.reached();
    let first = PAGE;
    let pages = 0;
    let refusals = 0;
    const kinds = new Set<string>();
    this.foundNews = false;
    for (;;) {
      let page: SyncPage | null;
      try {
        ({ changesSince: page } = await this.graphql.query(ChangesSinceDocument, { cursor: reached.cursor, first }));
      } catch (error) {
        const failure = failureOf(error);
        if (failure.hasRule('forgotten') && reached.cursor !== null) {
          reached = await this.fromBeginning();
          continue;
        }
        if (failure.code === 'RATE_LIMITED' && ++refusals <= REFUSALS_MAX) {
          await pause(Math.min(WAIT_S_MAX, failure.retryAfter ?? WAIT_S_MAX) * 1_000);
          continue;
        }
        if (failure.code !== 'QUERY_TOO_COMPLEX' || first === 1) throw failure;
        first = Math.ceil(first / 4);
        continue;
      }
      if (!page) return;
      for (const change of page.changes) kinds.add(change.kind);
      reached = await this.take(page, reached);
      if (!page.hasMore) break;
      if (++pages >= PAGES_WITHOUT_PAUSE) await pause(PAUSE_MS);
    }
    if (this.foundNews) this.entries.changedMany();
    if (kinds.has('TAG')) await this.tags.load();
    if (kinds.has('JOURNAL')) await this.journals.load();
    if (kinds.has('TEMPLATE')) await this.templates.load();
  }

  /** A page with the cursor behind it, in one transaction: neither is kept without the other. */
  private async take(page: SyncPage, reached: Reached): Promise<Reached> {
    const database = await this.database.open();
    if (!database) throw new Failure({ code: 'UNSUPPORTED', message: 'This browser keeps nothing.' });
    const transaction = database.transaction(['entries', 'answers'], 'readwrite');
    const entries = transaction.objectStore('entries');
    const came = new Set<string>();
    for (const { kind, id, deleted, entry } of page.changes) {
      if (kind !== 'ENTRY') continue;
      came.add(id);
      const known = await entries.get(id);
      // While everything is read, what is shown was asked of the platform a moment ago.
      if (reached.missing === null && known?.version !== entry?.version) this.foundNews = true;
      if (deleted) await entries.delete(id);
      if (!entry) continue;
      // A later answer may be here already.
      if (!known || known.version <= entry.version) await entries.put(withAttachmentsOf(known, entry));
    }
    let missing = reached.missing?.filter(id => !came.has(id)) ?? null;
    if (!page.hasMore && missing) {
      for (const id of missing) await entries.delete(id);
      missing = null;
    }
    const next: Reached = { cursor: page.cursor, missing };
    await transaction.objectStore('answers').put(next, KEY);
    await transaction.done;
    return next;
  }

  private async reached(): Promise<Reached> {
    const kept = (await (await this.database.open())?.get('answers', KEY)) as Reached | undefined;
    return kept?.cursor ? kept : await this.fromBeginning();
  }

  private async fromBeginning(): Promise<Reached> {
    return { cursor: null, missing: (await (await this.database.open())?.getAllKeys('entries')) ?? [] };
  }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/**
 * One tab reads at a time. The next one goes on where it was: that is behind its end, since both have one database, or in the middle where
 * the first tab was closed.
 */
async function alone(action: () => Promise<void>): Promise<void> {
  if (!('locks' in navigator)) return await action();
  await navigator.locks.request(LOCK, action);
}
