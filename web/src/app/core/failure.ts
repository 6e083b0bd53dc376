import { CombinedGraphQLErrors, ServerError, ServerParseError } from '@apollo/client/errors';

/** The classes of docs/errors.md, and `OFFLINE`: the platform did not answer. */
export type FailureCode =
  | 'OFFLINE'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'QUOTA_EXCEEDED'
  | 'RATE_LIMITED'
  | 'QUERY_TOO_COMPLEX'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'TOO_LARGE'
  | 'UNSUPPORTED'
  | 'UNAVAILABLE'
  | 'INTERNAL';

export type Params = Readonly<Record<string, unknown>>;

/** A rule that an input breaks. */
export interface BrokenRule {
  /** Such as `title`, `tags[3]` or `newPassword`; empty of the request as a whole. */
  readonly field: string;
  readonly rule: string | null;
  readonly params: Params;
  /** The server's English sentence, for rules that this client does not know. */
  readonly message: string;
}

export interface FailureDetails {
  readonly code: FailureCode;
  readonly message: string;
  readonly rules?: readonly BrokenRule[];
  /** Seconds. */
  readonly retryAfter?: number | null;
  readonly correlationId?: string | null;
  /** With `QUOTA_EXCEEDED`: which one. */
  readonly quota?: string | null;
  readonly limit?: number | null;
}

/** Why something was not done. Texts for users are made of it by `FailureText`. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly rules: readonly BrokenRule[];
  readonly retryAfter: number | null;
  readonly correlationId: string | null;
  readonly quota: string | null;
  readonly limit: number | null;

  constructor(details: FailureDetails) {
    super(details.message);
    this.name = 'Failure';
    this.code = details.code;
    this.rules = details.rules ?? [];
    this.retryAfter = details.retryAfter ?? null;
    this.correlationId = details.correlationId ?? null;
    this.quota = details.quota ?? null;
    this.limit = details.limit ?? null;
  }

  /** Whether the same request may succeed later without a change. */
  get isPassing(): boolean {
    return ['OFFLINE', 'UNAVAILABLE', 'RATE_LIMITED', 'UNAUTHENTICATED', 'INTERNAL'].includes(this.code);
  }

  /** The broken rule of a field, if it has one. */
  of(field: string): BrokenRule | undefined {
    return this.rules.find(broken => broken.field === field || broken.field.endsWith(`.${field}`));
  }

  hasRule(rule: string): boolean {
    return this.rules.some(broken => broken.rule === rule);
  }
}

export function offline(cause?: unknown): Failure {
  const failure = new Failure({ code: 'OFFLINE', message: 'The platform did not answer.' });
  failure.cause = cause;
  return failure;
}

const CODES = new Set<string>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'CONFLICT',
  'QUOTA_EXCEEDED',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'PERSISTED_QUERY_NOT_FOUND',
  'UNAVAILABLE',
]);

/** What GraphQL answers of an error. */
export interface AnsweredError {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | undefined;
}

export function failureOfAnswer(error: AnsweredError): Failure {
  const extensions = error.extensions ?? {};
  const code = textOf(extensions['code']);
  const listed = Array.isArray(extensions['errors']) ? extensions['errors'] : [];
  const own = typeof extensions['field'] === 'string' || typeof extensions['rule'] === 'string';
  const all = listed.length > 0 ? listed : own ? [{ ...extensions, message: error.message }] : [];
  return new Failure({
    code: code !== null && CODES.has(code) ? (code as FailureCode) : 'INTERNAL',
    message: error.message,
    rules: all.map(brokenRule),
    retryAfter: numberOf(extensions['retryAfter']),
    correlationId: textOf(extensions['correlationId']),
    quota: textOf(extensions['quota']),
    limit: numberOf(extensions['limit']),
  });
}

const CODES_OF_STATUS: Readonly<Record<number, FailureCode>> = {
  400: 'BAD_USER_INPUT',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  408: 'OFFLINE',
  409: 'CONFLICT',
  412: 'CONFLICT',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED',
  422: 'BAD_USER_INPUT',
  429: 'RATE_LIMITED',
};

/** Of an answer outside of GraphQL: `application/problem+json`, or whatever a program on the way has answered. */
export function failureOfProblem(status: number, body: unknown, retryAfter: string | null = null): Failure {
  const problem = isRecord(body) ? body : {};
  const type = textOf(problem['type']) ?? '';
  const seconds = Number(retryAfter ?? Number.NaN);
  const listed = Array.isArray(problem['errors']) ? problem['errors'] : [];
  const byStatus = CODES_OF_STATUS[status] ?? (status === 0 ? 'OFFLINE' : status >= 502 ? 'UNAVAILABLE' : 'INTERNAL');
  return new Failure({
    code: type.endsWith('quota-exceeded') ? 'QUOTA_EXCEEDED' : byStatus,
    message: textOf(problem['detail']) ?? textOf(problem['title']) ?? `The answer was ${status}.`,
    rules: listed.map(brokenRule),
    retryAfter: Number.isFinite(seconds) ? seconds : null,
    correlationId: textOf(problem['correlationId']),
    quota: textOf(problem['quota']),
    limit: numberOf(problem['limit']),
  });
}

/** Whatever was thrown, as a failure. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (CombinedGraphQLErrors.is(error)) {
    const [first] = error.errors;
    return first ? failureOfAnswer(first) : new Failure({ code: 'INTERNAL', message: error.message });
  }
  if (ServerError.is(error))
    return failureOfProblem(error.statusCode, parsed(error.bodyText), error.response.headers.get('retry-after'));
  if (ServerParseError.is(error)) return failureOfProblem(error.statusCode, null);
  // What `fetch` throws when there is no answer.
  if (error instanceof TypeError) return offline(error);
  const failure = new Failure({ code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) });
  failure.cause = error;
  return failure;
}

function brokenRule(given: unknown): BrokenRule {
  const broken = isRecord(given) ? given : {};
  return {
    field: textOf(broken['field']) ?? '',
    rule: textOf(broken['rule']),
    params: isRecord(broken['params']) ? broken['params'] : {},
    message: textOf(broken['message']) ?? '',
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
