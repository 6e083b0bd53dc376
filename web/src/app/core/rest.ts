import { failureOfProblem, offline } from './failure';

/** How long an answer may take before the platform counts as away, in milliseconds. */
const ANSWER_MS_MAX = 20_000;

/**
 * Sends JSON outside of GraphQL: the paths below `/auth`, which set the cookie of the session. Answers the body, or undefined of one
 * that is empty. Throws a `Failure`.
 */
export async function post<T>(path: string, body?: unknown, token?: string | null): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token) headers['authorization'] = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers,
      credentials: 'same-origin',
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
  } catch (error) {
    throw offline(error);
  }
  const text = await response.text().catch((error: unknown) => {
    throw offline(error);
  });
  const value = text === '' ? undefined : parsed(text);
  if (!response.ok) throw failureOfProblem(response.status, value, response.headers.get('retry-after'));
  return value as T;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
