/** So many characters of a text are looked at for its excerpt. */
const LOOKED_AT = 600;

/** The beginning of an entry's text, without Markdown's signs, for cards. */
export function excerptOf(content: string, title: string): string {
  const plain = content
    .slice(0, LOOKED_AT)
    .replace(/```[\s\S]*?(?:```|$)/gu, ' ')
    .replace(/!\[([^\]]*)\]\([^)]*\)/gu, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .replace(/^\s{0,3}(?:#{1,6}|>|[-*+]|\d+\.)\s+/gmu, '')
    .replace(/^\s*\[[ x]\]\s+/gimu, '')
    .replace(/[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}/gu, '')
    .replace(/\s+/gu, ' ')
    .trim();
  // A title that was made of the first line is not said twice.
  const begin = title.replace(/…$/u, '');
  return begin !== '' && plain.startsWith(begin) ? plain.slice(begin.length).replace(/^[\s.,:;–-]+/u, '') : plain;
}
