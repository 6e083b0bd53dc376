// Texts of both languages, held to each other and to the code that names them: `node --test tools/`.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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

const filesOf = (language, part) =>
  [...readFileSync(join(root, 'src/i18n', language, `${part}.ts`), 'utf8').matchAll(/'\.\/([\w-]+\.json)'/gu)].map(
    ([, name]) => name,
  );

test('each file is among the texts of the first page, or of the later ones', () => {
  for (const language of ['en', 'de']) {
    const all = [...filesOf(language, 'first'), ...filesOf(language, 'later')].sort();
    const files = readdirSync(join(root, 'src/i18n', language)).filter(each => each.endsWith('.json'));
    assert.deepEqual(all, files.sort());
    assert.deepEqual(filesOf(language, 'first'), filesOf('en', 'first'));
  }
});

test('the first files name texts of the first page alone', () => {
  const groups = part =>
    filesOf('en', part).flatMap(name => Object.keys(JSON.parse(readFileSync(join(root, 'src/i18n/en', name), 'utf8'))));
  const later = groups('later');
  // Groups of both are put together as they are.
  assert.deepEqual(
    later.filter(group => groups('first').includes(group)),
    [],
  );
  const named = new RegExp(`['\`](?:${later.join('|')})\\.[\\w.]+`, 'gu');
  const wrong = [];
  for (const file of firstFiles()) {
    // Titles of pages are shown with the page.
    const source = readFileSync(file, 'utf8').replace(/^ +title: .*$/gmu, '');
    for (const [key] of source.matchAll(named)) wrong.push(`${relative(root, file)}: ${key}`);
  }
  assert.deepEqual(wrong, []);
});

/** The files that are loaded before a page is shown: those that src/main.ts imports, and what these import. */
function firstFiles() {
  const files = new Set([join(root, 'src/main.ts')]);
  for (const file of files) {
    for (const [, named, path] of readFileSync(file, 'utf8').matchAll(/^import ([^;]*?) ?from '([@.]\/?[^']*)';$/gmu)) {
      const values = named.replace(/^\{|\}$/gu, '').split(',');
      if (named.startsWith('type ') || values.every(value => /^\s*(?:type .*)?$/u.test(value))) continue;
      const target = `${path.startsWith('@/') ? join(root, 'src/app', path.slice(2)) : join(dirname(file), path)}.ts`;
      if (existsSync(target)) files.add(target);
    }
  }
  assert(files.size > 30, 'what src/main.ts imports was not found');
  return files;
}

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

test('the questions to write about are those of the platform', () => {
  const source = readFileSync(join(root, '../components/command/src/prompts.rs'), 'utf8');
  const asked = [...source.matchAll(/^ {4}prompt\("([\w-]+)", "\w+", "(.*)"\),$/gmu)];
  const ours = [...english].filter(([key]) => key.startsWith('prompts.'));
  assert.deepEqual(new Map(ours), new Map(asked.map(([, id, text]) => [`prompts.${id}`, text])));
});

test('whatever the platform names instead of saying it has a text', () => {
  const schema = readFileSync(join(root, 'schema.graphql'), 'utf8');
  const valuesOf = name => {
    const [, body] = new RegExp(`^enum ${name} \\{$(.*?)^\\}$`, 'msu').exec(schema) ?? [];
    const values = [...body.matchAll(/^ {2}([A-Z_]+)$/gmu)].map(([, value]) => value);
    assert.notDeepEqual(values, [], name);
    return values;
  };
  const receipts = readFileSync(join(root, '../events/src/erasure.rs'), 'utf8');
  const [, remains] = /const REMAINS: [^=]*= \[(.*?)\];/su.exec(receipts) ?? [];
  const rules = readFileSync(join(root, '../docs/errors.md'), 'utf8').split('## Rules')[1] ?? '';
  const named = [
    ...valuesOf('JobFailureReason').map(reason => `jobs.import.${reason}`),
    ...valuesOf('WebhookDisabledCause').map(cause => `settings.webhooks.cause.${cause}`),
    ...[...remains.matchAll(/"(.*?)"/gu)].map(([, text]) => `account.receipt.kept.${text.replaceAll(' ', '-')}`),
    ...[...rules.matchAll(/^\| `([\w-]+)`/gmu)].map(([, rule]) => `errors.rule.${rule}`),
  ];
  assert.deepEqual(
    named.filter(key => !english.has(key)),
    [],
  );
});
