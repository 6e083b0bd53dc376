import type { Auth } from '../auth/auth';
import { offline } from '../failure';
import type { Reachability } from './reachability';

/** How long an answer may take before the platform counts as away, in milliseconds. */
const ANSWER_MS_MAX = 30_000;

/** `fetch` with the access token of the session, which also notes whether the platform answers. */
export function fetchWithToken(auth: Auth, reachability: Reachability): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    const token = await auth.token();
    if (token !== null) headers.set('authorization', `Bearer ${token}`);
    const within = AbortSignal.timeout(ANSWER_MS_MAX);
    const signal = init?.signal ? AbortSignal.any([init.signal, within]) : within;
    try {
      const response = await fetch(input, { ...init, headers, signal, credentials: 'same-origin' });
      reachability.note(response.status < 502);
      return response;
    } catch (error) {
      if (init?.signal?.aborted) throw error;
      reachability.note(false);
      throw offline(error);
    }
  };
}
