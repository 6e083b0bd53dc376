// Builds the client into dist: the files as they are served, each that is text also as .br and .gz, and files.json, which says what to
// serve and how. With --no-ng it works on a dist that is there.
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { contentSecurityPolicy, inlineScripts } from './csp.mjs';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'dist');

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};
const COMPRESSED = new Set(['.css', '.html', '.js', '.json', '.svg', '.txt', '.webmanifest']);
/** Shorter files gain nothing. */
const COMPRESSED_BYTES_MIN = 512;
/** Names that the build makes of the contents, with a hash in the alphabet of base64url: what has one never changes. */
const HASHED = /-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/u;

if (!process.argv.includes('--no-ng')) {
  rmSync(dist, { recursive: true, force: true });
  const built = spawnSync(process.execPath, [join(root, 'node_modules/@angular/cli/bin/ng.js'), 'build'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

const names = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile())
  .map(entry => relative(dist, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .filter(name => !/\.(?:br|gz)$/u.test(name) && name !== 'files.json')
  .sort();

const files = names.map(name => {
  const path = join(dist, name);
  const content = readFileSync(path);
  const file = {
    path: `/${name}`,
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
    // What is copied as it is keeps its name, whatever it looks like.
    immutable: HASHED.test(name) && !existsSync(join(root, 'public', name)),
    encodings: [],
  };
  if (!COMPRESSED.has(extname(name)) || content.length < COMPRESSED_BYTES_MIN) return file;
  for (const [suffix, compressed] of [
    [
      'br',
      brotliCompressSync(content, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length },
      }),
    ],
    ['gz', gzipSync(content, { level: 9 })],
  ]) {
    if (compressed.length >= content.length) continue;
    writeFileSync(`${path}.${suffix}`, compressed);
    file.encodings.push({ encoding: suffix === 'br' ? 'br' : 'gzip', suffix: `.${suffix}`, bytes: compressed.length });
  }
  return file;
});

const index = readFileSync(join(dist, 'index.html'), 'utf8');
const csp = contentSecurityPolicy(inlineScripts(index));
const list = { index: '/index.html', contentSecurityPolicy: csp, files };
writeFileSync(join(dist, 'files.json'), `${JSON.stringify(list, null, 2)}\n`);

const transferred = firstLoad(index).reduce((sum, path) => sum + smallest(path), 0);
console.log(
  `web: ${files.length} files, ${total()} bytes; the first scripts and styles take ${transferred} bytes compressed`,
);
/** As the project's budget says. e2e/budget.spec.ts holds what a browser is sent to it, with the fonts and what is loaded lazily. */
const FIRST_LOAD_BYTES_MAX = 200_000;
if (transferred > FIRST_LOAD_BYTES_MAX) {
  console.error(`web: the first scripts and styles take more than ${FIRST_LOAD_BYTES_MAX} bytes`);
  process.exit(1);
}

/** What index.html names, and what these import before anything is shown. */
function firstLoad(html) {
  const named = [...html.matchAll(/(?:src|href)="([^":]+\.(?:js|css))"/gu)].map(
    ([, name]) => `/${name.replace(/^\//u, '')}`,
  );
  const all = new Set(['/index.html', ...named]);
  // A set that grows while it is walked: imports of imports too.
  for (const path of all) {
    if (!path.endsWith('.js')) continue;
    const source = readFileSync(join(dist, path), 'utf8');
    for (const [, name] of source.matchAll(/(?:\bimport|\bfrom)\s*"\.\/([^"]+\.js)"/gu)) all.add(`/${name}`);
  }
  return [...all];
}

function smallest(path) {
  const file = files.find(each => each.path === path);
  if (!file) throw new Error(`${path} is not in dist`);
  return Math.min(file.bytes, ...file.encodings.map(each => each.bytes));
}

function total() {
  return names.reduce((sum, name) => sum + statSync(join(dist, name)).size, 0);
}
