// Texts of both languages, held to each other and to the code that names them: `node --test tools/`.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = new URL('..', import.meta.url).pathname;

function textsOf(language) {
  const folder = join(root, 'src/i18n', language);
  const all = new Map();
  for (const name of readdirSync(folder).filter(each => each.endsWith('.json'))) {
    flatten(JSON.parse(readFileSync(join(folder, name), 'utf8')), '', all);
  }
  return all;
}

function flatten(texts, before, into) {
  for (const [name, text] of Object.entries(texts)) {
    if (typeof text !== 'string') flatten(text, `${before}${name}.`, into);
    else {
      assert(!into.has(before + name), `${before}${name} stands twice`);
      into.set(before + name, text);
    }
  }
}

const params = text => [...text.matchAll(/\{\{\s*(\w+)\s*\}\}/gu)].map(([, name]) => name).sort();
const english = textsOf('en');
const german = textsOf('de');

test('both languages have the same texts', () => {
  assert.deepEqual([...german.keys()].sort(), [...english.keys()].sort());
});

test('both languages have the same values in each text', () => {
  for (const [key, text] of english) assert.deepEqual(params(german.get(key)), params(text), key);
});

test('each file is one of the language', () => {
  for (const language of ['en', 'de']) {
    const index = readFileSync(join(root, 'src/i18n', language, 'index.ts'), 'utf8');
    for (const name of readdirSync(join(root, 'src/i18n', language)).filter(each => each.endsWith('.json'))) {
      assert(index.includes(`'./${name}'`), `${language}/${name} is not in index.ts`);
    }
  }
});

test('each text that the code names is there', () => {
  const app = join(root, 'src/app');
  const missing = [];
  for (const name of readdirSync(app, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
    const source = readFileSync(join(app, name), 'utf8');
    const whole = [
      ...source.matchAll(/'([\w-]+(?:\.[\w-]+)+)'\s*\| transloco/gu),
      ...source.matchAll(/(?:translate\(|text: |title: |heading: )'([\w-]+(?:\.[\w-]+)+)'/gu),
    ];
    for (const [, key] of whole) if (!english.has(key)) missing.push(`${name}: ${key}`);
    for (const [, key] of [
      ...source.matchAll(/'([\w-]+(?:\.[\w-]+)+)'\s*\| mfPlural/gu),
      ...source.matchAll(/pluralText\([\w.]+, '([^']+)'/gu),
    ]) {
      for (const form of ['one', 'other']) if (!english.has(`${key}_${form}`)) missing.push(`${name}: ${key}_${form}`);
    }
  }
  assert.deepEqual(missing, []);
});
