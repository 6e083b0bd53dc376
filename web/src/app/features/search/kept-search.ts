import { type Entry, matches } from '@/core/journal/entry';

/** Operators of a search that are filters, as docs/search.md has them. */
const OPERATOR = /^(tag|from|to):(.+)$/iu;
/** Words, and phrases in quotes, each with the sign that excludes it. */
const PART = /(-?)(?:"([^"]*)"|(\S+))/gu;

/** Whether an entry of this device fits a search. Without the platform, words are found as they are written. */
export function keptSearch(query: string): (entry: Entry) => boolean {
  const wanted: string[] = [];
  const excluded: string[] = [];
  const tags: string[] = [];
  const days: { from?: string; to?: string } = {};
  for (const [, minus, phrase, word = ''] of query.matchAll(PART)) {
    // What is about to be typed.
    if (word === '-' || phrase === '') continue;
    const [, operator, value = ''] = OPERATOR.exec(word) ?? [];
    if (!operator || minus) (minus ? excluded : wanted).push((phrase ?? word).toLocaleLowerCase());
    else if (operator.toLowerCase() === 'tag') tags.push(value);
    else days[operator.toLowerCase() as 'from' | 'to'] = value;
  }
  return entry => {
    const said = [entry.title, entry.content, ...entry.tags.map(tag => tag.name)].join('\n').toLocaleLowerCase();
    return (
      matches(entry, { ...days, tagsAll: tags }) &&
      wanted.every(each => said.includes(each)) &&
      !excluded.some(each => said.includes(each))
    );
  };
}
