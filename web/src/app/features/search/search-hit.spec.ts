import { blankEntry } from '@/core/journal/entry';
import { shownOf } from './search-hit';

const entry = {
  ...blankEntry('1', '2026-11-05T10:00:00Z', '2026-11-05'),
  title: 'Tea & rain',
  content: '# A *wet* day',
};

describe('what is shown of an entry that was found', () => {
  it('marks the title once, and what was found in the text below it', () => {
    const { title, excerpts } = shownOf({
      entry,
      highlights: ['Tea &amp; <mark>rain</mark>', 'it <mark>rained</mark>'],
    });
    expect(title).toEqual([
      { text: 'Tea & ', isFound: false },
      { text: 'rain', isFound: true },
    ]);
    expect(excerpts.map(each => each.map(part => part.text).join(''))).toEqual(['… it rained']);
  });

  it('begins with the text where nothing is marked in it, as of what was found by its meaning', () => {
    expect(shownOf({ entry, highlights: [] }).excerpts).toEqual([[{ text: 'A wet day', isFound: false }]]);
    expect(shownOf({ entry: { ...entry, content: '' }, highlights: [] }).excerpts).toEqual([]);
  });
});
