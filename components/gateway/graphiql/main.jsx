// The page for trying queries: GraphiQL, with a fetcher that speaks the gateway's protocols.

import { GraphiQL } from "graphiql";
import "graphiql/style.css";
import { getOperationAST } from "graphql";
import { createClient } from "graphql-ws";
import { createRoot } from "react-dom/client";

const DEFAULT_HEADERS = JSON.stringify({ authorization: "Bearer " }, null, 2);

const DEFAULT_QUERY = `# Log in at POST /auth/login, and put the access
# token behind "Bearer" in the headers below.
# The book on the left is the schema.

query Dashboard {
  me {
    displayName
    quota { used limit }
  }
  recentEntries(limit: 5) {
    id
    title
    mood
    tags { name }
    analysis { status sentiment }
  }
}

# Runs until it is stopped, over a WebSocket.
subscription Changes {
  entryChanged { kind entryId }
}
`;

const socketUrl = new URL(location.pathname, location.href);
socketUrl.protocol = location.protocol === "https:" ? "wss:" : "ws:";

/// The headers of the editor, without a bearer token that is not filled in yet.
function filledIn(headers = {}) {
  const isEmpty = ([name, value]) => name.toLowerCase() === "authorization" && /^bearer\s*$/i.test(value);
  return Object.fromEntries(Object.entries(headers).filter((header) => !isEmpty(header)));
}

async function post(params, headers) {
  const response = await fetch(location.pathname, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json, application/json;q=0.9",
      "content-type": "application/json",
      "GraphQL-Preflight": "1",
      ...headers,
    },
    body: JSON.stringify(params),
  });
  return response.json();
}

/// A browser's WebSocket takes no headers: the token goes with the first message.
function subscribe(params, headers) {
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];
  const client = createClient({ url: socketUrl.href, connectionParams: authorization ? { authorization } : {} });
  const readable = (error) =>
    error instanceof CloseEvent ? new Error(`The socket was closed: ${error.code} ${error.reason}`) : error;
  return {
    subscribe({ next, error, complete }) {
      const unsubscribe = client.subscribe(params, { next, complete, error: (cause) => error(readable(cause)) });
      return { unsubscribe };
    },
  };
}

function fetcher(params, { headers, documentAST } = {}) {
  const operation = documentAST && getOperationAST(documentAST, params.operationName);
  const send = operation?.operation === "subscription" ? subscribe : post;
  return send(params, filledIn(headers));
}

// A link to the page may carry an operation, as a GET of the same path would.
const link = new URLSearchParams(location.search);

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={fetcher}
    defaultHeaders={DEFAULT_HEADERS}
    defaultQuery={DEFAULT_QUERY}
    defaultEditorToolsVisibility="headers"
    query={link.get("query") ?? undefined}
    variables={link.get("variables") ?? undefined}
    shouldPersistHeaders={false}
  />,
);
