import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { getOperationAST } from 'graphql';
import { NEVER } from 'rxjs';
import type { EntryFieldsFragment } from '@/gql/generated';
import { Auth } from '@/core/auth/auth';
import { Failure } from '@/core/failure';
import { GraphQL } from '@/core/graphql/graphql';
import { Live } from '@/core/graphql/live';
import { Reachability } from '@/core/graphql/reachability';
import { blankEntry } from '@/core/journal/entry';
import { Media } from '@/core/media/media';
import { Drafts } from '@/core/offline/drafts';
import { Outbox } from '@/core/offline/outbox';
import { Dates } from '@/core/time/dates';
import { Writing } from './writing';

type Input = Partial<EntryFieldsFragment> & { readonly id: string; readonly expectedVersion?: number | null };

/** What has entries: a change of an older version than it has is refused, as at the platform. */
class Platform {
  readonly entries = new Map<string, EntryFieldsFragment>();
  readonly sent: string[] = [];
  /** Why the next change is refused. */
  refusal: Failure | null = null;
  /** It takes no token any more. */
  hasEndedSession = false;

  /** As another device does. */
  has(entry: Partial<EntryFieldsFragment>): void {
    const known = this.entries.get('e') ?? blankEntry('e', '2026-11-30T10:00:00Z', '2026-11-30');
    this.entries.set('e', { ...known, ...entry, version: known.version + 1 });
  }

  change(operation: string, { id, expectedVersion, ...input }: Input): Record<string, EntryFieldsFragment | undefined> {
    this.sent.push(`${operation} ${input.content ?? ''}`);
    if (this.hasEndedSession) throw new Failure({ code: 'UNAUTHENTICATED', message: 'Log in.' });
    const refusal = this.refusal;
    this.refusal = null;
    if (refusal) throw refusal;
    const known = this.entries.get(id) ?? blankEntry(id, '2026-11-30T10:00:00Z', '2026-11-30');
    if (expectedVersion != null && expectedVersion < known.version)
      throw new Failure({ code: 'CONFLICT', message: 'It has another version.' });
    const tags = (input.tags ?? known.tags).map(tag => (typeof tag === 'string' ? { id: tag, name: tag } : tag));
    const entry = { ...known, ...input, tags, version: known.version + 1 } as EntryFieldsFragment;
    this.entries.set(id, entry);
    return { createJournalEntry: entry, updateJournalEntry: entry };
  }
}

let person = 0;

function world() {
  const platform = new Platform();
  const state = signal<'in' | 'expired'>('in');
  const yes = signal(true);
  TestBed.configureTestingModule({
    providers: [
      Writing,
      { provide: Auth, useValue: { state, person: signal({ id: `writer-${++person}` }) } },
      { provide: Reachability, useValue: { online: yes, hasNetwork: yes } },
      { provide: Live, useValue: { events: NEVER } },
      { provide: Media, useValue: { byId: async () => null } },
      { provide: Dates, useValue: { today: () => '2026-11-30', timeNow: () => '10:00', day: () => 'Monday' } },
      {
        provide: GraphQL,
        useValue: {
          query: async (_: unknown, { id }: { id: string }) => ({ journalEntry: platform.entries.get(id) ?? null }),
          mutate: async (document: never, variables: { input: Input }) => {
            // As `Auth` finds out by the refusal.
            if (platform.hasEndedSession) state.set('expired');
            return platform.change(getOperationAST(document)?.name?.value ?? '', variables.input);
          },
        },
      },
    ],
  });
  const [writing, outbox, drafts] = [TestBed.inject(Writing), TestBed.inject(Outbox), TestBed.inject(Drafts)];
  return { platform, state, writing, outbox, drafts };
}

/** One whose entry another device has changed since the writing began. */
async function late() {
  const all = world();
  all.platform.has({ title: 'Shared', content: 'first' });
  await all.writing.open('e');
  all.writing.change({ content: 'first, mine', tags: ['river'] });
  all.platform.has({ content: 'first, theirs' });
  expect(await all.writing.finish()).toMatchObject({ kind: 'refused' });
  expect(all.writing.conflict()?.theirs.content).toBe('first, theirs');
  all.platform.sent.length = 0;
  return all;
}

describe('an entry that another device has changed meanwhile', () => {
  it('has both texts where both are to stay, sent on the version that is there', async () => {
    const { writing, platform, outbox } = await late();
    await writing.takeBoth();
    expect(writing.conflict()).toBeNull();
    expect(writing.draft()?.content).toBe('first, mine\n\n---\n\nfirst, theirs');
    expect(outbox.items()).toEqual([]);
    expect(await writing.finish()).toMatchObject({ kind: 'sent' });
    expect(platform.entries.get('e')).toMatchObject({ version: 3, content: 'first, mine\n\n---\n\nfirst, theirs' });
    expect(platform.entries.get('e')?.tags.map(tag => tag.name)).toEqual(['river']);
  });

  it('has the own text where that is chosen', async () => {
    const { writing, platform, outbox, drafts } = await late();
    expect(await writing.keepMine()).toMatchObject({ kind: 'sent' });
    expect(platform.entries.get('e')).toMatchObject({ version: 3, content: 'first, mine' });
    expect([writing.conflict(), writing.state(), outbox.items()]).toEqual([null, 'saved', []]);
    expect(await drafts.find('e')).toBeNull();
  });

  it('has the other text where that is chosen, and nothing is sent', async () => {
    const { writing, platform, outbox, drafts } = await late();
    await writing.takeTheirs();
    expect(writing.draft()).toMatchObject({ content: 'first, theirs', tags: [] });
    expect([writing.conflict(), writing.refusal(), writing.state()]).toEqual([null, null, 'clean']);
    expect(await writing.finish()).toBeNull();
    expect([platform.sent, outbox.items()]).toEqual([[], []]);
    expect(await drafts.find('e')).toBeNull();
  });

  it('is asked about again where a third device was faster than the answer', async () => {
    const { writing, platform } = await late();
    platform.has({ content: 'first, of a third' });
    expect(await writing.keepMine()).toMatchObject({ kind: 'refused' });
    expect(writing.conflict()?.theirs.content).toBe('first, of a third');
    expect(writing.draft()?.content).toBe('first, mine');
  });
});

describe('a text whose session ends', () => {
  it('waits with all that is typed until its user is there again, and is sent in order', async () => {
    const { writing, platform, outbox, state, drafts } = world();
    platform.has({ title: 'Shared', content: 'first' });
    await writing.open('e');
    writing.change({ content: 'first, second' });
    platform.hasEndedSession = true;
    expect(await writing.finish()).toMatchObject({ kind: 'waiting' });
    expect(state()).toBe('expired');
    writing.change({ content: 'first, second, third' });
    expect(await writing.finish()).toMatchObject({ kind: 'waiting' });
    expect([writing.state(), writing.refusal()]).toEqual(['waiting', null]);
    expect(platform.sent).toEqual(['UpdateEntry first, second']);

    TestBed.tick();
    platform.sent.length = 0;
    platform.hasEndedSession = false;
    state.set('in');
    TestBed.tick();
    await vi.waitFor(() => expect(outbox.items()).toEqual([]));
    expect(platform.sent).toEqual(['UpdateEntry first, second', 'UpdateEntry first, second, third']);
    await vi.waitFor(() => expect(writing.state()).toBe('saved'));
    expect(platform.entries.get('e')).toMatchObject({ version: 3, content: 'first, second, third' });
    expect(await drafts.find('e')).toBeNull();
  });
});

describe('a new entry that there is no room for this month', () => {
  it('stays on this device with the reason, and is sent once when there is room', async () => {
    const { writing, platform, outbox, drafts } = world();
    const id = writing.begin();
    writing.change({ title: 'One too many', content: 'Not lost.' });
    platform.refusal = new Failure({ code: 'QUOTA_EXCEEDED', message: 'm', quota: 'entriesPerMonth', limit: 5 });
    expect(await writing.finish()).toMatchObject({ kind: 'refused' });
    expect(writing.refusal()).toMatchObject({ quota: 'entriesPerMonth', limit: 5 });
    expect((await drafts.find(id))?.content).toBe('Not lost.');
    expect(await writing.finish()).toMatchObject({ kind: 'sent' });
    expect(platform.sent).toEqual(['CreateEntry Not lost.', 'CreateEntry Not lost.']);
    expect([outbox.items(), await drafts.find(id)]).toEqual([[], null]);
  });
});
