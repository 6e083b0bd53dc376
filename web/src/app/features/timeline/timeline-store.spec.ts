import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Subject } from 'rxjs';
import { Auth } from '@/core/auth/auth';
import { Reachability } from '@/core/graphql/reachability';
import { Entries, type EntryEvent, type EntryPage } from '@/core/journal/entries';
import { type Entry, blankEntry, newestFirst } from '@/core/journal/entry';
import { Drafts } from '@/core/offline/drafts';
import { TimelineStore } from './timeline-store';

const PAGE = 30;

describe('the list of the timeline', () => {
  function world() {
    const events = new Subject<EntryEvent>();
    const all: Entry[] = [];
    const entries = {
      events,
      keptHere: async () => [],
      drafts: async () => [],
      page: async (_: unknown, after: string | null): Promise<EntryPage> => {
        const from = Number(after ?? 0);
        const end = from + PAGE;
        const hasNextPage = end < all.length;
        return {
          entries: all.slice(from, end),
          endCursor: `${end}`,
          hasNextPage,
          totalCount: all.length,
          from: 'platform',
        };
      },
    };
    TestBed.configureTestingModule({
      providers: [
        TimelineStore,
        { provide: Entries, useValue: entries },
        { provide: Drafts, useValue: { all: async () => [] } },
        { provide: Reachability, useValue: { online: signal(true) } },
        { provide: Auth, useValue: { person: signal(null) } },
      ],
    });
    const store = TestBed.inject(TimelineStore);
    const arrive = (number: number) => {
      const time = new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toISOString();
      const entry = { ...blankEntry(`${number}`, time, '2026-01-01'), version: 1 };
      all.push(entry);
      all.sort(newestFirst);
      events.next({ kind: 'entry', id: entry.id, entry, origin: 'elsewhere' });
    };
    const shown = () => store.days().flatMap(day => day.entries.map(entry => entry.id));
    return { store, all, arrive, shown };
  }

  it('grows by a page at most when many entries come by themselves, and has all of them page by page', async () => {
    const { store, all, arrive, shown } = world();
    await store.load();
    for (let number = 0; number < 200; number += 1) arrive(number);
    expect(shown()).toEqual(all.slice(0, PAGE).map(entry => entry.id));
    expect(store.hasMore()).toBe(true);
    for (let pages = 0; store.hasMore() && pages < 20; pages += 1) await store.more();
    expect(shown()).toEqual(all.map(entry => entry.id));
  });

  it('loses none of what its reader has read', async () => {
    const { store, all, arrive, shown } = world();
    for (let number = 0; number < 100; number += 1) arrive(number);
    await store.load();
    await store.more();
    const read = shown();
    for (let number = 100; number < 100 + PAGE; number += 1) arrive(number);
    expect(shown()).toEqual(all.slice(0, 3 * PAGE).map(entry => entry.id));
    expect(shown()).toEqual(expect.arrayContaining(read));
  });
});
