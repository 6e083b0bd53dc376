/** A part of two texts: in both, or in one alone. */
export interface Part {
  readonly text: string;
  readonly in: 'both' | 'first' | 'second';
}

/** So many words of each text are compared one by one, behind what is the same at the ends; more are one part each. */
const WORDS_MAX = 1_500;

/** What differs between two texts, by words: the longest sequence of words that both have stays. */
export function differences(first: string, second: string): readonly Part[] {
  const [a, b] = [wordsIn(first), wordsIn(second)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const middle: readonly Part[] =
    left.length > WORDS_MAX || right.length > WORDS_MAX
      ? [
          { text: left.join(''), in: 'first' },
          { text: right.join(''), in: 'second' },
        ]
      : compared(left, right);
  return joined([
    { text: a.slice(0, start).join(''), in: 'both' },
    ...middle,
    { text: a.slice(a.length - end).join(''), in: 'both' },
  ]);
}

function wordsIn(text: string): readonly string[] {
  return text.match(/\s+|[^\s]+/gu) ?? [];
}

function compared(a: readonly string[], b: readonly string[]): readonly Part[] {
  const width = b.length + 1;
  // The length of the longest common sequence from a word of each on.
  const lengths = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const parts: Part[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [left, right] = [a[i], b[j]];
    if (left !== undefined && left === right) {
      parts.push({ text: left, in: 'both' });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      parts.push({ text: left, in: 'first' });
      i += 1;
    } else {
      parts.push({ text: right ?? '', in: 'second' });
      j += 1;
    }
  }
  return parts;
}

function joined(parts: readonly Part[]): readonly Part[] {
  const all: Part[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part.text === '') continue;
    if (last?.in === part.in) all[all.length - 1] = { text: last.text + part.text, in: part.in };
    else all.push(part);
  }
  return all;
}
