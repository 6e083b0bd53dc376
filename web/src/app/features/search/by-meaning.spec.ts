import { blankEntry } from '@/core/journal/entry';
import { isByMeaning } from './by-meaning';

const entry = {
  ...blankEntry('1', '2026-11-05T10:00:00Z', '2026-11-05'),
  title: 'Monday',
  content: 'The office drained me.',
  tags: [{ id: 't', name: 'work', entryCount: 1 }],
};

describe('what is found by its meaning', () => {
  it('has no word of the search', () => {
    expect(isByMeaning('exhausted', 'HYBRID')({ entry, highlights: [] })).toBe(true);
    expect(isByMeaning('exhausted', 'SEMANTIC')({ entry, highlights: [] })).toBe(true);
  });

  it('is not what has a word, is tagged with it, fits a filter, or is found by words alone', () => {
    expect(isByMeaning('offices', 'HYBRID')({ entry, highlights: ['The <mark>office</mark>'] })).toBe(false);
    for (const query of ['office', 'work', 'tag:work', 'from:2026-11-01'])
      expect(isByMeaning(query, 'HYBRID')({ entry, highlights: [] }), query).toBe(false);
    expect(isByMeaning('drain', 'FULL_TEXT')({ entry, highlights: [] })).toBe(false);
  });
});
