/** A part of a text, and whether it was found. */
export interface Highlighted {
  readonly text: string;
  readonly isFound: boolean;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  '#x27': "'",
  '#x2F': '/',
};

/** Highlights of the platform's search: `<mark>` around what was found, everything else escaped. They are taken apart, never shown as HTML. */
export function highlighted(html: string): readonly Highlighted[] {
  const parts: Highlighted[] = [];
  let isFound = false;
  for (const part of html.split(/(<\/?mark>)/u)) {
    if (part === '<mark>') isFound = true;
    else if (part === '</mark>') isFound = false;
    else if (part !== '') parts.push({ text: unescaped(part), isFound });
  }
  return parts;
}

function unescaped(text: string): string {
  return text.replace(/&(#?\w+);/gu, (whole, name: string) => {
    const known = ENTITIES[name];
    if (known !== undefined) return known;
    const code = name.startsWith('#x')
      ? Number.parseInt(name.slice(2), 16)
      : name.startsWith('#')
        ? Number(name.slice(1))
        : Number.NaN;
    return Number.isInteger(code) && code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
