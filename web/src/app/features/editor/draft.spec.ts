import { blankEntry } from '@/core/journal/entry';
import { blankDraft, both, difference, draftOf, isBlank, mediaText, titleOf, withoutMedia } from './draft';

const before = { ...blankDraft('e', '2026-11-30', '10:00'), title: 'A', content: 'a', base: 2, tags: ['river'] };

describe('a text that is written', () => {
  it('is sent as what differs', () => {
    expect(difference(before, { ...before, content: 'b', tags: ['river', 'walk'] }, 'A')).toEqual({
      content: 'b',
      tags: ['river', 'walk'],
    });
    expect(difference(before, { ...before, mood: 'CALM', entryTime: null }, 'B')).toEqual({
      title: 'B',
      mood: 'CALM',
      entryTime: null,
    });
    expect(difference(before, { ...before }, 'A')).toBeNull();
  });

  it('leaves files as they are where it could not be read which there are', () => {
    const unknown = draftOf({
      ...blankEntry('e', '2026-11-30T10:00:00Z', '2026-11-30'),
      version: 2,
      attachments: null,
    });
    expect(unknown.attachmentIds).toBeNull();
    expect(difference(unknown, { ...unknown, content: 'b' }, '')).toEqual({ content: 'b' });
    expect(difference({ ...unknown, attachmentIds: ['m'] }, { ...unknown, content: 'b' }, '')).toEqual({
      content: 'b',
    });
  });

  it('has all of two versions where both are to stay', () => {
    const mine = { ...before, content: 'mine', attachmentIds: ['m'] };
    const theirs = { ...before, title: 'B', content: 'theirs', tags: ['walk'], attachmentIds: ['m', 'n'] };
    expect(both(mine, theirs)).toEqual({
      content: 'mine\n\n---\n\n## B\n\ntheirs',
      tags: ['river', 'walk'],
      attachmentIds: ['m', 'n'],
    });
    expect(both(mine, { ...mine, tags: [] }).content).toBe('mine');
  });

  it('is blank without anything that can be seen', () => {
    expect(isBlank({ ...before, title: ' ', content: '\n' })).toBe(true);
    expect(isBlank({ ...before, title: '', content: '', attachmentIds: ['m'] })).toBe(false);
  });

  it('has the title that was typed, the first line, or the day', () => {
    expect(titleOf({ ...before, title: ' Mine ' }, 'Monday')).toBe('Mine');
    expect(titleOf({ ...before, title: '', content: '# First' }, 'Monday')).toBe('First');
    expect(titleOf({ ...before, title: '', content: '' }, 'Monday')).toBe('Monday');
  });

  it('shows an upload by its reference, and loses it with the upload', () => {
    const shown = mediaText('a [walk].jpg', 'media:1-2');
    expect(shown).toBe('![a  walk ](media:1-2)');
    expect(withoutMedia(`before\n\n${shown}\n\nafter ![x](media:1-3)`, 'media:1-2')).toBe(
      'before\n\nafter ![x](media:1-3)',
    );
  });
});
