/**
 * A sentence model for stories, as the host starts one (`[embeddings] program`): it answers OpenAI's API for embeddings on a unix socket, and
 * ends when its standard input does. It knows what a few words mean; texts without any of them have nothing to do with each other.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';

/** Words that mean the same. */
const MEANINGS: readonly RegExp[] = [/\b(?:exhausted|drained)\b/iu];
/** So many that texts without a meaning are never near to each other by chance. */
const OTHER_BYTES = 128;

function vectorOf(text: string): readonly number[] {
  const meant = MEANINGS.map(meaning => Number(meaning.test(text)));
  const bytes = createHash('shake256', { outputLength: OTHER_BYTES }).update(text).digest();
  const isMeant = meant.includes(1);
  const others = [...bytes].flatMap(byte => [0, 1, 2, 3, 4, 5, 6, 7].map(bit => ((byte >> bit) & 1) * 2 - 1));
  return [...meant, ...others.map(each => (isMeant ? 0 : each))];
}

const { values } = parseArgs({ options: { 'model-dir': { type: 'string' }, socket: { type: 'string' } } });
const socket = values.socket ?? '';
// A socket's path may be no longer than 107 bytes.
process.chdir(dirname(socket));
rmSync(basename(socket), { force: true });

createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (part: string) => (body += part));
  request.on('end', () => {
    const { input } = JSON.parse(body) as { readonly input: readonly string[] };
    const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) }));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data }));
  });
}).listen(basename(socket), () => process.stdout.write('ready\n'));
process.stdin.resume().on('close', () => process.exit());
