import { type Entry, blankEntry } from '@/core/journal/entry';
import { keptSearch } from './kept-search';

function entry(title: string, content: string, tags: string[] = [], day = '2026-11-05'): Entry {
  const named = tags.map(name => ({ id: name, name }));
  return { ...blankEntry(title, `${day}T10:00:00Z`, day), title, content, tags: named };
}

const ENTRIES = [
  entry('The harbour', 'An evening by the river.', ['walk']),
  entry('The office', 'By the evening, the river was far.', ['work'], '2026-10-01'),
];

const found = (query: string) => ENTRIES.filter(keptSearch(query)).map(each => each.title);

describe('a search on this device', () => {
  it('wants all words, whatever their case', () => {
    expect(found('EVENING river')).toEqual(['The harbour', 'The office']);
    expect(found('evening harbour')).toEqual(['The harbour']);
  });

  it('wants phrases in their order, and excludes words and phrases', () => {
    expect(found('"by the river"')).toEqual(['The harbour']);
    expect(found('river -office')).toEqual(['The harbour']);
    expect(found('river -"by the river"')).toEqual(['The office']);
  });

  it('filters by tags and days', () => {
    expect(found('tag:Work')).toEqual(['The office']);
    expect(found('river from:2026-11-01 to:2026-11-30')).toEqual(['The harbour']);
    expect(found('tag:walk to:2026-10-31')).toEqual([]);
  });

  it('passes over a word that is being typed', () => {
    expect(found('river -')).toEqual(['The harbour', 'The office']);
  });
});
