import type { ApolloClient } from '@apollo/client';
import { ApolloLink, InMemoryCache } from '@apollo/client';
import { OperationTypeNode } from 'graphql';
import { BaseHttpLink } from '@apollo/client/link/http';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Auth } from '../auth/auth';
import { fetchWithToken } from './live-fetch';
import type { Reachability } from './reachability';

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Queries go as hashes by GET, and once as text by POST where the platform does not know the hash; mutations by POST. A page without a
 * secure origin has no hashes, and sends texts.
 */
function links(http: ApolloLink): ApolloLink {
  if (!globalThis.crypto?.subtle) return http;
  const persisted = new PersistedQueryLink({ sha256, useGETForHashedQueries: true }).concat(http);
  return ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.QUERY, persisted, http);
}

export function clientOptions(auth: Auth, reachability: Reachability): ApolloClient.Options {
  const http = new BaseHttpLink({
    uri: '/graphql',
    fetch: fetchWithToken(auth, reachability),
    headers: { 'graphql-preflight': '1' },
  });
  return {
    link: links(http),
    cache: new InMemoryCache({
      typePolicies: {
        // Values without an id of their own belong to what has them.
        Analysis: { merge: true },
        Quota: { merge: true },
        Storage: { merge: true },
      },
    }),
    devtools: { enabled: false },
  };
}
