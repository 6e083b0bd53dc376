import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Subject } from 'rxjs';
import type { EntryFieldsFragment } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { Failure, offline } from '../failure';
import { GraphQL } from '../graphql/graphql';
import { Live, type LiveEvent } from '../graphql/live';
import { Reachability } from '../graphql/reachability';
import { blankEntry } from '../journal/entry';
import { Entries } from '../journal/entries';
import { Journals } from '../journal/journals';
import { Tags } from '../journal/tags';
import { Templates } from '../journal/templates';
import { Database } from './database';
import { Sync } from './sync';

const entry = (id: string, version = 1): EntryFieldsFragment => ({
  ...blankEntry(id, '2026-11-30T10:00:00Z', '2026-11-30'),
  version,
});
const changed = (id: string, version = 1) => ({ kind: 'ENTRY', id, deleted: false, entry: entry(id, version) });
const gone = (id: string) => ({ kind: 'ENTRY', id, deleted: true, entry: null });
const page = (cursor: string, changes: readonly unknown[], hasMore = false) => ({ changes, cursor, hasMore });
const forgotten = new Failure({
  code: 'BAD_USER_INPUT',
  message: '',
  rules: [{ field: 'cursor', rule: 'forgotten', params: {}, message: '' }],
});

let person = 0;

/** A device that gets these answers, one after the other. */
function world(
  answers: readonly (ReturnType<typeof page> | Failure)[],
  // Not signed in as far as the timer goes: the tests read themselves.
  { state, online }: { state: 'starting' | 'in'; online: boolean } = { state: 'starting', online: true },
) {
  const asked: { cursor: string | null; first: number }[] = [];
  const left = [...answers];
  const load = vi.fn(async () => undefined);
  const changedMany = vi.fn();
  TestBed.configureTestingModule({
    providers: [
      { provide: Auth, useValue: { state: signal(state), person: signal({ id: `sync-${++person}` }) } },
      { provide: Reachability, useValue: { online: signal(online) } },
      { provide: Live, useValue: { events: new Subject<LiveEvent>() } },
      { provide: Entries, useValue: { changedMany } },
      { provide: Tags, useValue: { load } },
      { provide: Journals, useValue: { load } },
      { provide: Templates, useValue: { load } },
      {
        provide: GraphQL,
        useValue: {
          query: async (_document: never, variables: { cursor: string | null; first: number }) => {
            asked.push(variables);
            const answer = left.shift();
            if (!answer || answer instanceof Failure) throw answer ?? new Error('Nothing more was to be asked.');
            return { changesSince: answer };
          },
        },
      },
    ],
  });
  const database = TestBed.inject(Database);
  const ids = async () => (await (await database.open())?.getAllKeys('entries')) ?? [];
  return { sync: TestBed.inject(Sync), database, asked, ids, load };
}

describe('what a device keeps', () => {
  it('is read page by page, each behind the one before', async () => {
    const { sync, asked, ids } = world([page('1', [changed('a')], true), page('2', [changed('b'), gone('a')])]);
    await sync.run();
    expect(asked.map(each => each.cursor)).toEqual([null, '1']);
    expect(await ids()).toEqual(['b']);
  });

  it('goes on where it was', async () => {
    const { sync, asked } = world([page('1', [changed('a')]), page('2', [])]);
    await sync.run();
    await sync.run();
    expect(asked.map(each => each.cursor)).toEqual([null, '1']);
  });

  it('begins again when its cursor is forgotten, and loses what is gone', async () => {
    const { sync, asked, ids } = world([page('1', [changed('a'), changed('b')]), forgotten, page('9', [changed('b')])]);
    await sync.run();
    await sync.run();
    expect(asked.map(each => each.cursor)).toEqual([null, '1', null]);
    expect(await ids()).toEqual(['b']);
  });

  it('is not taken back by an answer that is older', async () => {
    const { sync, database } = world([page('1', [changed('a', 2)])]);
    await (await database.open())?.put('entries', entry('a', 3));
    await sync.run();
    expect((await (await database.open())?.get('entries', 'a'))?.version).toBe(3);
  });

  it('is asked for in smaller pages where they are too large', async () => {
    const large = new Failure({ code: 'QUERY_TOO_COMPLEX', message: '' });
    const { sync, asked } = world([large, page('1', [])]);
    await sync.run();
    expect(asked.map(each => each.first)).toEqual([60, 15]);
  });

  it('leaves most of what may be asked for to the user', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      const pages = Array.from({ length: 7 }, (_, index) => page(String(index), [], index < 6));
      const { sync, asked } = world(pages);
      const done = sync.run();
      await vi.waitFor(() => expect(asked).toHaveLength(6));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(asked).toHaveLength(6);
      await vi.advanceTimersByTimeAsync(8_000);
      await done;
      expect(asked).toHaveLength(7);
    } finally {
      vi.useRealTimers();
    }
  });

  it('waits as long as the platform asks it to', async () => {
    const limited = new Failure({ code: 'RATE_LIMITED', message: '', retryAfter: 0.01 });
    const { sync, asked, ids } = world([limited, page('1', [changed('a')])]);
    await sync.run();
    expect(asked).toHaveLength(2);
    expect(await ids()).toEqual(['a']);
  });

  it('is tried again by itself, later each time, while the platform is away', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const away = new Failure({ code: 'UNAVAILABLE', message: '' });
      const answers = [offline(), away, page('1', [changed('a')])];
      const { sync, asked, ids } = world(answers, { state: 'in', online: false });
      await sync.run();
      expect(asked).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(2_000);
      await vi.waitFor(() => expect(asked).toHaveLength(2));
      await vi.advanceTimersByTimeAsync(1_500);
      expect(asked).toHaveLength(2);
      await vi.advanceTimersByTimeAsync(2_500);
      await vi.waitFor(async () => expect(await ids()).toEqual(['a']));
      await vi.advanceTimersByTimeAsync(600_000);
      expect(asked).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is not tried again where it would be refused again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const refused = new Failure({ code: 'FORBIDDEN', message: '' });
      const { sync, asked } = world([refused], { state: 'in', online: false });
      await sync.run();
      await vi.advanceTimersByTimeAsync(600_000);
      expect(asked).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('has the tags again when one was changed', async () => {
    const { sync, load } = world([page('1', [{ kind: 'TAG', id: 't', deleted: false, entry: null }])]);
    await sync.run();
    expect(load).toHaveBeenCalledTimes(1);
  });
});
