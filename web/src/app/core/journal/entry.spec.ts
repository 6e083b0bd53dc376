import type { OutboxItem } from '../offline/outbox-item';
import { blankEntry, matches, newestFirst, titleFrom, withChanges, wordsOf } from './entry';

const known = {
  ...blankEntry('e', '2026-11-29T10:00:00Z', '2026-11-29'),
  title: 'A day',
  content: 'one two',
  version: 3,
};
const item = (change: OutboxItem['change'], refused = false): OutboxItem => ({
  id: 'o',
  entryId: 'e',
  title: '',
  change,
  madeAt: '2026-11-30T10:00:00Z',
  attempts: 0,
  refusal: refused ? { code: 'CONFLICT', message: '', rules: [], quota: null, limit: null } : null,
});

describe('an entry with changes that wait', () => {
  it('shows them', () => {
    const shown = withChanges(known, [
      item({ kind: 'update', input: { content: 'one two three', tags: ['river'] }, base: 3 }),
    ]);
    expect(shown).toMatchObject({ content: 'one two three', wordCount: 3, pending: 'waiting', title: 'A day' });
    expect(shown?.tags.map(tag => tag.name)).toEqual(['river']);
  });

  it('is as the platform has it when a change was refused', () => {
    const shown = withChanges(known, [item({ kind: 'update', input: { content: 'other' }, base: 1 }, true)]);
    expect(shown).toMatchObject({ content: 'one two', pending: 'refused' });
  });

  it('is there although it was refused when there is no other copy', () => {
    const shown = withChanges(null, [item({ kind: 'create', input: { id: 'e', title: 'New', content: 'x' } }, true)]);
    expect(shown).toMatchObject({ title: 'New', pending: 'refused' });
  });

  it('is gone when it is to be deleted, and back when that is taken back', () => {
    expect(withChanges(known, [item({ kind: 'delete' })])).toBeNull();
    expect(withChanges(known, [item({ kind: 'delete' }), item({ kind: 'restore' })])?.title).toBe('A day');
  });

  it('is the known one where nothing waits', () => {
    expect(withChanges(known, [])).toBe(known);
  });
});

describe('lists of this device', () => {
  it('are filtered as the platform does', () => {
    const entry = { ...known, tags: [{ id: 't', name: 'River' }], mood: 'CALM' as const, pinned: true };
    expect(matches(entry, { text: 'DAY two' })).toBe(true);
    expect(matches(entry, { text: 'three' })).toBe(false);
    expect(matches(entry, { tag: 'river', mood: 'CALM', pinned: true, from: '2026-11-29', to: '2026-11-29' })).toBe(
      true,
    );
    expect(matches(entry, { tagsNone: ['river'] })).toBe(false);
    expect(matches({ ...entry, draft: true }, {})).toBe(false);
  });

  it('have the newest day first', () => {
    const older = { ...known, id: 'o', entryDate: '2026-11-01' };
    expect([older, known].sort(newestFirst).map(entry => entry.id)).toEqual(['e', 'o']);
  });
});

describe('a title', () => {
  it('is the first line without signs', () => {
    expect(titleFrom('\n\n## **A walk** by the [river](https://example.org)\nmore')).toBe('A walk by the river');
    expect(titleFrom('![a](media:1)\nUnder the picture')).toBe('Under the picture');
    expect(titleFrom('   ')).toBe('');
  });

  it('ends at a word', () => {
    const title = titleFrom('word '.repeat(40));
    expect(title.length).toBeLessThan(82);
    expect(title.endsWith('word…')).toBe(true);
  });
});

it('counts words', () => {
  expect(wordsOf("Don't count, punctuation — twice.")).toBe(4);
});
