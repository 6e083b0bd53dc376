import { Injectable, inject } from '@angular/core';
import type { ApolloClient, OperationVariables, TypedDocumentNode } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { Apollo } from 'apollo-angular';
import { Auth } from '../auth/auth';
import { type AnsweredError, Failure, failureOf, failureOfAnswer } from '../failure';

export interface AskOptions {
  /** Ends the request. */
  readonly signal?: AbortSignal;
  /** What was answered before is good enough. */
  readonly cached?: boolean;
}

/** What was answered, and which of its parts could not be read: docs/errors.md, "A part that fails". */
export interface Parts<T> {
  readonly data: Partial<T>;
  /** By the name of the field of the query. */
  readonly failures: ReadonlyMap<string, Failure>;
}

/**
 * Queries and mutations. Each throws a `Failure` where a field of the operation was not answered; what is missing within an object, such
 * as an entry's analysis, is null there.
 */
@Injectable({ providedIn: 'root' })
export class GraphQL {
  private readonly apollo = inject(Apollo);
  private readonly auth = inject(Auth);

  async query<T, V extends OperationVariables>(
    document: TypedDocumentNode<T, V>,
    variables: V,
    options: AskOptions = {},
  ): Promise<T> {
    const parts = await this.parts(document, variables, options);
    const [failure] = parts.failures.values();
    if (failure) throw failure;
    return parts.data as T;
  }

  /** For pages of several parts, each of which may be away. Throws where nothing was answered. */
  async parts<T, V extends OperationVariables>(
    document: TypedDocumentNode<T, V>,
    variables: V,
    options: AskOptions = {},
  ): Promise<Parts<T>> {
    const ask = () =>
      this.apollo.client.query<T, V>({
        query: document,
        variables,
        fetchPolicy: options.cached ? 'cache-first' : 'network-only',
        errorPolicy: 'all',
        // One that can be ended is shared with none that asks the same: that one would end with it.
        context: options.signal ? { fetchOptions: { signal: options.signal }, queryDeduplication: false } : {},
      } as ApolloClient.QueryOptions<T, V>);
    return await this.answered(ask);
  }

  async mutate<T, V extends OperationVariables>(document: TypedDocumentNode<T, V>, variables: V): Promise<T> {
    const ask = () =>
      this.apollo.client.mutate<T, V>({
        mutation: document,
        variables,
        errorPolicy: 'all',
      } as ApolloClient.MutateOptions<T, V>);
    const parts = await this.answered<T>(ask);
    const [failure] = parts.failures.values();
    if (failure) throw failure;
    return parts.data as T;
  }

  /** Forgets what was answered, as when another person signs in. */
  async forget(): Promise<void> {
    await this.apollo.client.clearStore();
  }

  private async answered<T>(ask: () => Promise<{ data?: unknown; error?: unknown }>): Promise<Parts<T>> {
    const used = await this.auth.token();
    const parts = await this.once<T>(ask);
    if (used === null || ![...parts.failures.values()].some(failure => failure.code === 'UNAUTHENTICATED'))
      return parts;
    // The session was looked at and refused: with a new token it may be good.
    return (await this.auth.tokenAfter(used)) === null ? parts : await this.once<T>(ask);
  }

  private async once<T>(ask: () => Promise<{ data?: unknown; error?: unknown }>): Promise<Parts<T>> {
    let answer: { data?: unknown; error?: unknown };
    try {
      answer = await ask();
    } catch (error) {
      throw failureOf(error);
    }
    const data = (answer.data ?? {}) as Partial<T>;
    const failures = failuresOf(answer.error);
    if (failures === null) throw failureOf(answer.error);
    const whole = failures.get('');
    if (whole && whole.code !== 'UNAUTHENTICATED') throw whole;
    return { data, failures };
  }
}

/** The failures of the operation's own fields; null where the error is not of an answer. */
export function failuresOf(error: unknown): Map<string, Failure> | null {
  const failures = new Map<string, Failure>();
  if (!error) return failures;
  if (!CombinedGraphQLErrors.is(error)) return null;
  for (const each of error.errors as readonly AnsweredError[]) {
    const path = each.path ?? [];
    // One of a longer path is of a part of an object, which is null there.
    if (path.length > 1) continue;
    const name = String(path[0] ?? '');
    if (!failures.has(name)) failures.set(name, failureOfAnswer(each));
  }
  return failures;
}
