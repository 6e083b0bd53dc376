import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { getOperationAST } from 'graphql';
import type { EntryFieldsFragment } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { Failure, offline } from '../failure';
import { GraphQL } from '../graphql/graphql';
import { Reachability } from '../graphql/reachability';
import { blankEntry } from '../journal/entry';
import { Database } from './database';
import { Outbox } from './outbox';
import type { Outcome } from './outbox-item';

const answer = (id: string, version: number): EntryFieldsFragment => ({
  ...blankEntry(id, '2026-11-30T10:00:00Z', '2026-11-30'),
  version,
});

interface Sent {
  readonly operation: string;
  readonly variables: Record<string, unknown>;
}

let person = 0;

function world(id = `person-${++person}`) {
  const sent: Sent[] = [];
  /** What the next mutations fail with. */
  const failures: (Failure | null)[] = [];
  let version = 0;
  const state = signal<'in' | 'expired'>('in');
  TestBed.configureTestingModule({
    providers: [
      { provide: Auth, useValue: { state, person: signal({ id }) } },
      { provide: Reachability, useValue: { online: signal(false), hasNetwork: signal(false) } },
      {
        provide: GraphQL,
        useValue: {
          query: async () => ({ journalEntry: { ...answer('e', 7), content: 'theirs' } }),
          mutate: async (document: never, variables: Record<string, unknown>) => {
            const operation = getOperationAST(document)?.name?.value ?? '';
            sent.push({ operation, variables });
            const failure = failures.shift();
            if (failure) throw failure;
            const entry = answer('e', ++version);
            return {
              createJournalEntry: entry,
              updateJournalEntry: entry,
              publishJournalEntry: entry,
              restoreJournalEntry: entry,
            };
          },
        },
      },
    ],
  });
  return { outbox: TestBed.inject(Outbox), sent, failures, state, id };
}

const create = { kind: 'create', input: { id: 'e', title: 'A', content: 'a' } } as const;
const update = (content: string) => ({ kind: 'update', input: { content }, base: 1 }) as const;

describe('the outbox', () => {
  afterEach(() => vi.useRealTimers());

  it('sends a change and tells what the platform answered', async () => {
    const { outbox, sent } = world();
    const { outcome } = await outbox.add('e', 'A', create);
    expect(((await outcome) as Extract<Outcome, { kind: 'sent' }>).entry?.version).toBe(1);
    expect(sent.map(each => each.operation)).toEqual(['CreateEntry']);
    expect(outbox.items()).toEqual([]);
  });

  it('keeps what could not be sent, in order, and sends it when the platform is back', async () => {
    const { outbox, sent, failures } = world();
    failures.push(offline(), offline());
    expect(await (await outbox.add('e', 'A', create)).outcome).toMatchObject({ kind: 'waiting' });
    expect(await (await outbox.add('f', 'B', { kind: 'delete' })).outcome).toMatchObject({ kind: 'waiting' });
    expect(outbox.waiting().map(item => item.entryId)).toEqual(['e', 'f']);
    failures.length = 0;
    sent.length = 0;
    await outbox.replay();
    expect(sent.map(each => each.operation)).toEqual(['CreateEntry', 'DeleteEntry']);
    expect(outbox.items()).toEqual([]);
  });

  it('makes one request of a new entry and its changes that wait', async () => {
    const { outbox, sent, failures } = world();
    failures.push(offline(), offline());
    await (
      await outbox.add('e', 'A', create)
    ).outcome;
    await (
      await outbox.add('e', 'A', update('more'))
    ).outcome;
    expect(outbox.items()).toHaveLength(1);
    sent.length = 0;
    await outbox.replay();
    expect(sent.map(each => each.variables['input'])).toEqual([{ id: 'e', title: 'A', content: 'more' }]);
  });

  it('lets what was refused give way to what its user does instead', async () => {
    const { outbox, sent, failures } = world();
    const tooLong = new Failure({ code: 'BAD_USER_INPUT', message: 'm' });
    failures.push(tooLong, null, tooLong);
    expect((await (await outbox.add('e', 'A', create)).outcome).kind).toBe('refused');
    expect(await outbox.giveWay('e')).toBe(true);
    expect((await (await outbox.add('e', 'A', create)).outcome).kind).toBe('sent');
    expect((await (await outbox.add('e', 'A', update('much'))).outcome).kind).toBe('refused');
    expect(await outbox.giveWay('e')).toBe(false);
    expect((await (await outbox.add('e', 'A', update('less'))).outcome).kind).toBe('sent');
    expect(sent.map(each => each.operation)).toEqual(['CreateEntry', 'CreateEntry', 'UpdateEntry', 'UpdateEntry']);
    expect(outbox.items()).toEqual([]);
  });

  it('leaves what is refused for its user, and sends what is of other entries', async () => {
    const { outbox, sent, failures } = world();
    failures.push(
      new Failure({
        code: 'CONFLICT',
        message: 'm',
        rules: [{ field: '', rule: 'version', params: {}, message: 'm' }],
      }),
    );
    const refused = await (await outbox.add('e', 'A', update('mine'))).outcome;
    expect(refused.kind).toBe('refused');
    await (
      await outbox.add('e', 'A', { kind: 'delete' })
    ).outcome;
    await (
      await outbox.add('f', 'B', { kind: 'delete' })
    ).outcome;
    expect(sent.map(each => `${each.operation} ${each.variables['id'] ?? ''}`)).toEqual([
      'UpdateEntry ',
      'DeleteEntry f',
    ]);
    const [item] = outbox.refused();
    await outbox.discard(item?.id ?? '');
    expect(sent.at(-1)?.variables).toEqual({ id: 'e' });
    expect(outbox.items()).toEqual([]);
  });

  it('sends a later change on the version that the former one made', async () => {
    const { outbox, sent, failures } = world();
    failures.push(offline(), offline(), offline());
    await (
      await outbox.add('e', 'A', create)
    ).outcome;
    await (
      await outbox.add('e', 'A', { kind: 'delete' })
    ).outcome;
    await (
      await outbox.add('e', 'A', { kind: 'update', input: { content: 'c' }, base: 0 })
    ).outcome;
    sent.length = 0;
    await outbox.replay();
    expect(sent.map(each => each.operation)).toEqual(['CreateEntry', 'DeleteEntry', 'UpdateEntry']);
    expect(sent.at(-1)?.variables['input']).toEqual({ id: 'e', content: 'c', expectedVersion: 1 });
  });

  it('counts a change as sent whose answer was lost', async () => {
    const { outbox, failures } = world();
    failures.push(new Failure({ code: 'CONFLICT', message: 'm' }));
    const outcome = await (await outbox.add('e', 'A', update('theirs'))).outcome;
    expect(outcome).toMatchObject({ kind: 'sent', entry: { version: 7 } });
  });

  it('counts the deletion of what is gone as done', async () => {
    const { outbox, failures } = world();
    failures.push(new Failure({ code: 'NOT_FOUND', message: 'gone' }));
    expect(await (await outbox.add('e', 'A', { kind: 'delete' })).outcome).toEqual({ kind: 'sent', entry: null });
  });

  it('waits while the session has expired', async () => {
    const { outbox, sent, state } = world();
    state.set('expired');
    expect(await (await outbox.add('e', 'A', create)).outcome).toMatchObject({ kind: 'waiting' });
    expect(sent).toEqual([]);
    state.set('in');
    await outbox.replay();
    expect(sent).toHaveLength(1);
  });

  it('survives a reload', async () => {
    const { outbox, failures, id } = world();
    failures.push(offline());
    await (
      await outbox.add('e', 'A', create)
    ).outcome;
    const database = await TestBed.inject(Database).open();
    expect(database?.name).toContain(id);
    expect(await database?.count('outbox')).toBe(1);
  });

  it('sends what a former page has left in the order in which it was made, and no change before one that met no network', async () => {
    const before = world();
    before.failures.push(offline(), offline(), offline(), offline());
    const changes = [
      ['e', create],
      ['f', { kind: 'delete' }],
      ['e', { kind: 'delete' }],
      ['g', { kind: 'restore' }],
    ] as const;
    for (const [entry, change] of changes) await (await before.outbox.add(entry, 'A', change)).outcome;
    TestBed.resetTestingModule();
    const { outbox, sent, failures } = world(before.id);
    failures.push(null, offline());
    await outbox.replay();
    expect(sent.map(each => each.operation)).toEqual(['CreateEntry', 'DeleteEntry']);
    expect(outbox.waiting().map(item => item.entryId)).toEqual(['f', 'e', 'g']);
    sent.length = 0;
    await outbox.replay();
    expect(sent.map(each => `${each.operation} ${each.variables['id']}`)).toEqual([
      'DeleteEntry f',
      'DeleteEntry e',
      'RestoreEntry g',
    ]);
    expect(outbox.items()).toEqual([]);
  });

  it('goes on in memory when the browser keeps nothing more, and says so', async () => {
    const { outbox, sent, failures } = world();
    const full = {
      put: () => Promise.reject(new DOMException('full', 'QuotaExceededError')),
      getAll: async () => [],
      delete: async () => undefined,
    };
    vi.spyOn(TestBed.inject(Database), 'open').mockResolvedValue(full as never);
    failures.push(offline());
    expect(await (await outbox.add('e', 'A', create)).outcome).toMatchObject({ kind: 'waiting' });
    expect(outbox.waiting()).toHaveLength(1);
    await outbox.replay();
    expect(sent).toHaveLength(2);
    expect(outbox.items()).toEqual([]);
  });
});
