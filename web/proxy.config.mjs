// `npm start` serves the client on port 4200 and hands everything else to a platform: MINDFLOW_URL, or the one of scripts/up.
const target = process.env.MINDFLOW_URL ?? 'http://127.0.0.1:3000';
const paths = [
  '/graphql',
  '/auth',
  '/media',
  '/portability',
  '/health',
  '/notifications',
  '/schema.graphql',
  '/.well-known',
];
// A platform takes a request for one of its own origin: the page's is that of this server.
const headers = { origin: target };

export default Object.fromEntries(
  paths.map(path => [path, { target, ws: path === '/graphql', changeOrigin: true, headers }]),
);
