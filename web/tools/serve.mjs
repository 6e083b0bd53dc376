// Serves dist as the platform serves it (types, caching, compressed forms, content security policy, index.html for pages), and hands
// everything else to a platform. For trying a build, and for the stories in e2e where the platform does not serve the client itself.
//
//   node tools/serve.mjs [--port 4300] [--platform http://127.0.0.1:3000]
import { readFileSync, statSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { join } from 'node:path';

const option = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const dist = new URL('../dist', import.meta.url).pathname;
const platform = new URL(option('platform', 'http://127.0.0.1:3000'));
const port = Number(option('port', '4300'));
const PLATFORM =
  /^\/(?:graphql|auth|api|media|portability|health|metrics|notifications|\.well-known)(?:[/?]|$)|^\/schema\.graphql/u;

let read = { at: 0, list: null };
/** The list as it is now: a build may have replaced it. None while one runs, which writes it last. */
function files() {
  const path = join(dist, 'files.json');
  const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (at === undefined) return null;
  if (at !== read.at) read = { at, list: JSON.parse(readFileSync(path, 'utf8')) };
  return read.list;
}

const server = createServer((request, response) => {
  if (PLATFORM.test(request.url)) return handOver(request, response);
  const { pathname } = new URL(request.url, 'http://here');
  const list = files();
  if (!list) return response.writeHead(503, { 'content-type': 'text/plain' }).end('dist is not built.\n');
  const isPage = !/\.[^/]*$/u.test(pathname);
  const file = list.files.find(each => each.path === (isPage ? list.index : pathname));
  if (!file) return response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such file.\n');
  const wanted = String(request.headers['accept-encoding'] ?? '');
  const form = file.encodings.find(each => wanted.includes(each.encoding));
  const etag = `"${file.sha256.slice(0, 32)}${form ? `-${form.encoding}` : ''}"`;
  const headers = {
    'content-type': file.type,
    'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    vary: 'accept-encoding',
    'content-security-policy': list.contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  };
  if (request.headers['if-none-match'] === etag) return response.writeHead(304, headers).end();
  if (form) headers['content-encoding'] = form.encoding;
  response.writeHead(200, headers).end(readFileSync(join(dist, `${file.path}${form?.suffix ?? ''}`)));
});

function target(request) {
  const headers = { ...request.headers, host: platform.host };
  // The platform takes a request for one of its own origin.
  if (headers.origin) headers.origin = platform.origin;
  return { host: platform.hostname, port: platform.port, method: request.method, path: request.url, headers };
}

function handOver(request, response) {
  const onward = forward(target(request), answer => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  // The platform is away, or ends in the middle of an answer.
  onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on('close', () => response.writableFinished || onward.destroy());
  request.on('error', () => onward.destroy());
  request.pipe(onward);
}

server.on('upgrade', (request, socket, head) => {
  const onward = forward(target(request));
  // A socket without a listener of its errors ends the process.
  socket.on('error', () => onward.destroy());
  onward.on(
    'response',
    answer => (answer.resume(), socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n\r\n`)),
  );
  onward.on('upgrade', (answer, other, first) => {
    const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    other.write(head);
    socket.write(first);
    other.pipe(socket).pipe(other);
    const end = () => (socket.destroy(), other.destroy());
    socket.on('error', end).on('close', end);
    other.on('error', end).on('close', end);
  });
  onward.on('error', () => socket.destroy());
  onward.end();
});

server.listen(port, '127.0.0.1', () => console.log(`web: http://127.0.0.1:${port}, in front of ${platform.origin}`));
