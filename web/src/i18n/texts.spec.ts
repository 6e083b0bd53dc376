import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import de from './de';
import en from './en';

type Texts = { readonly [name: string]: string | Texts };

function flat(texts: Texts, before = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text === 'string') all.set(before + name, text);
    else for (const [key, value] of flat(text, `${before}${name}.`)) all.set(key, value);
  }
  return all;
}

const params = (text: string) => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/gu)].map(([, name]) => name).sort();
const english = flat(en as Texts);
const german = flat(de as Texts);

describe('texts', () => {
  it('are the same in both languages', () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it.each([...english.keys()])('have the same values in both languages: %s', key => {
    expect(params(german.get(key) ?? '')).toEqual(params(english.get(key) ?? ''));
  });

  it('are there for every key that the code names', () => {
    const root = join(process.cwd(), 'src/app');
    const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
    const missing: string[] = [];
    for (const name of sources) {
      const source = readFileSync(join(root, name), 'utf8');
      const named = [
        ...source.matchAll(/'([\w-]+(?:\.[\w-]+)+)'(?: \| transloco|\s*\))/gu),
        ...source.matchAll(/(?:translate\(|text: |title: |heading: )'([\w-]+(?:\.[\w-]+)+)'/gu),
      ];
      for (const [, key = ''] of named) if (!english.has(key) && !english.has(`${key}_other`) && !/\.(?:css|json|js)$/u.test(key)) missing.push(`${name}: ${key}`);
      for (const [, key = ''] of source.matchAll(/'([\w-]+(?:\.[\w-]+)+)' \| mfPlural/gu)) {
        if (!english.has(`${key}_one`) || !english.has(`${key}_other`)) missing.push(`${name}: ${key}`);
      }
    }
    expect(missing).toEqual([]);
  });
});
