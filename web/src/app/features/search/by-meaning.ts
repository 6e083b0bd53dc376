import type { SearchMode } from '@/gql/generated';
import { keptSearch } from './kept-search';
import type { Hit } from './search-hit';

/** Whether an entry was found by what it means alone: nothing is marked in its texts, nor is a word of the search in its tags. */
export function isByMeaning(query: string, mode: SearchMode): (hit: Hit) => boolean {
  const hasWords = keptSearch(query);
  return ({ entry, highlights }) => mode !== 'FULL_TEXT' && highlights.length === 0 && !hasWords(entry);
}
