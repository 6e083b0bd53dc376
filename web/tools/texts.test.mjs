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
    const later = readFileSync(join(root, 'src/i18n', language, 'later.ts'), 'utf8');
    for (const name of readdirSync(join(root, 'src/i18n', language)).filter(each => each.endsWith('.json'))) {
      assert(`${index}${later}`.includes(`'./${name}'`), `${language}/${name} is neither in index.ts nor in later.ts`);
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
