// Runs every audit of the GraphQL-over-HTTP specification against a server and prints one JSON line each.
//
//   node audit.mjs http://127.0.0.1:3000/graphql
//
// The header is the server's CSRF preflight: without it, a GET is refused before GraphQL is asked.

import { serverAudits } from "graphql-http";

const url = process.argv[2];
if (!url) {
  console.error("usage: node audit.mjs URL");
  process.exit(2);
}

const fetchWithPreflight = (input, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set("GraphQL-Preflight", "1");
  return fetch(input, { ...init, headers });
};

for (const audit of serverAudits({ url, fetchFn: fetchWithPreflight })) {
  const { status, reason } = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status, reason }));
}
