// Fails when what is generated, or the schema that it is generated from, is not what it should be.
//
//   npm run gql:check                    first.ts and generated.ts against the operations and schema.graphql
//   npm run gql:check -- --from URL      schema.graphql also against what a platform answers at URL/schema.graphql, or against a file
//   … --write                            takes the schema over
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, lexicographicSortSchema, printSchema } from 'graphql';

const root = new URL('..', import.meta.url).pathname;
const schemaPath = join(root, 'schema.graphql');
const at = process.argv.indexOf('--from');
const from = at < 0 ? null : process.argv[at + 1];

if (from) {
  const theirs = /^https?:/u.test(from) ? await fetched(new URL('/schema.graphql', from)) : readFileSync(from, 'utf8');
  if (process.argv.includes('--write')) writeFileSync(schemaPath, `${printed(theirs)}\n`);
  const [ours, others] = [readFileSync(schemaPath, 'utf8'), theirs].map(text => withoutDescriptions(printed(text)));
  if (ours !== others) {
    for (const line of differing(ours, others)) console.error(line);
    fail('schema.graphql is not the schema of the platform: npm run gql:check -- --from URL --write && npm run gql');
  }
}

const made = spawnSync(
  process.execPath,
  [join(root, 'node_modules/@graphql-codegen/cli/esm/bin.js'), '--config', 'codegen.ts', '--check'],
  {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  },
);
if (made.status !== 0) fail('src/app/gql is not what the operations and the schema make: npm run gql');
console.log('gql: what is generated is up to date');

async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) fail(`${url} answered ${answer.status}`);
  return await answer.text();
}

/** In one order, so that a printer's order is no difference. */
function printed(text) {
  return printSchema(lexicographicSortSchema(buildSchema(text)));
}

function withoutDescriptions(text) {
  return text.replace(/"""[\s\S]*?"""\s*/gu, '').replace(/\n{2,}/gu, '\n');
}

function differing(ours, theirs) {
  const [a, b] = [new Set(ours.split('\n')), new Set(theirs.split('\n'))];
  return [
    ...[...a].filter(line => !b.has(line)).map(line => `- ${line}`),
    ...[...b].filter(line => !a.has(line)).map(line => `+ ${line}`),
  ];
}

function fail(text) {
  console.error(`gql: ${text}`);
  process.exit(1);
}
