import { DestroyRef, Injectable, effect, inject, signal, untracked } from '@angular/core';
import type { TypedDocumentNode } from '@apollo/client';
import { print } from 'graphql';
import type { Client } from 'graphql-ws/client';
import { Subject } from 'rxjs';
import { EntryAnalyzedDocument, EntryChangedDocument } from '@/gql/first';
import type { EntryFieldsFragment } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { type AnsweredError, failureOfAnswer } from '../failure';
import { Reachability } from './reachability';

/** What another device did, or this one. `Live` hands it on in the order of the platform. */
export type LiveEvent =
  | {
      readonly kind: 'changed';
      readonly change: 'CREATED' | 'UPDATED' | 'DELETED' | 'DRAFT';
      readonly id: string;
      readonly entry: EntryFieldsFragment | null;
    }
  | { readonly kind: 'analyzed'; readonly id: string }
  /** Some changes are not known any more: everything is to be read again. */
  | { readonly kind: 'gap' };

/** Between the first attempts, in milliseconds; each further one waits twice as long, up to the greatest. */
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** Between pings to the platform, so that a connection that is gone is found, in milliseconds. */
const KEEP_ALIVE_MS = 25_000;

/**
 * Changes of the user's entries as they happen, over one WebSocket. After an interruption it goes on behind the last change that it saw
 * (`after`), so none is missed: docs/live-updates.md.
 */
@Injectable({ providedIn: 'root' })
export class Live {
  private readonly auth = inject(Auth);
  private readonly reachability = inject(Reachability);
  private readonly happenings = new Subject<LiveEvent>();
  private readonly connection = signal<'off' | 'connecting' | 'on'>('off');
  private client: Client | null = null;
  private stops: (() => void)[] = [];
  /** By subscription: the cursor of what it showed last. */
  private readonly cursors = new Map<string, string>();
  private person: string | null = null;
  /** Whose cursors these are. A session that has expired goes on behind what it saw. */
  private cursorsOf: string | null = null;
  private token: string | null = null;

  readonly events = this.happenings.asObservable();
  readonly state = this.connection.asReadonly();

  constructor() {
    inject(DestroyRef).onDestroy(() => this.stop());
    effect(() => {
      const person = this.auth.state() === 'in' ? (this.auth.person()?.id ?? null) : null;
      untracked(() => void this.follow(person));
    });
  }

  /**
   * Another subscription over the same connection, without a cursor: after an interruption it begins with what is then. Answers what ends
   * it. `failed` hears why the platform refuses it. While there is no connection yet it does nothing; `state` says when there is.
   */
  watch<T>(
    document: TypedDocumentNode<T, Record<string, never>>,
    show: (data: T) => void,
    failed: (error: unknown) => void,
  ): () => void {
    const client = this.client;
    if (!client) return () => undefined;
    return client.subscribe<T>(
      { query: print(document) },
      {
        next: result => {
          if (result.errors?.[0]) failed(failureOfAnswer(result.errors[0]));
          else if (result.data) show(result.data);
        },
        error: error => failed(Array.isArray(error) && error[0] ? failureOfAnswer(error[0] as AnsweredError) : error),
        complete: () => undefined,
      },
    );
  }

  private async follow(person: string | null): Promise<void> {
    if (person === this.person && (person === null) === (this.client === null)) return;
    this.person = person;
    this.stop();
    if (person === null) return;
    if (person !== this.cursorsOf) this.cursors.clear();
    this.cursorsOf = person;
    const { createClient } = await import('graphql-ws/client');
    if (this.person !== person || this.client) return;
    this.connection.set('connecting');
    this.client = createClient({
      url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
      lazy: true,
      keepAlive: KEEP_ALIVE_MS,
      retryAttempts: Number.POSITIVE_INFINITY,
      shouldRetry: () => this.person === person,
      retryWait: async retries => {
        const longest = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** retries);
        // Half of it by chance, so that clients of a platform that was restarted do not come together.
        await new Promise(resolve => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
      },
      connectionParams: async () => {
        const token = await this.auth.token();
        this.token = token;
        return token === null ? {} : { authorization: `Bearer ${token}` };
      },
      on: {
        connected: (_socket, payload) => {
          this.connection.set('on');
          this.reachability.note(true);
          const cursor = (payload as { cursor?: unknown } | undefined)?.cursor;
          if (typeof cursor !== 'string') return;
          for (const name of [CHANGED, ANALYZED]) if (!this.cursors.has(name)) this.cursors.set(name, cursor);
        },
        // A single request that got no answer does not mean that the platform is away.
        pong: received => {
          if (received) this.reachability.note(true);
        },
        closed: event => {
          this.connection.set('connecting');
          // The session of the token has ended, or the token has: the next connection needs another one.
          const code = (event as CloseEvent | undefined)?.code;
          if (code === 4401 || code === 4403) void this.auth.tokenAfter(this.token).catch(() => undefined);
        },
      },
    });
    this.subscribe(CHANGED, print(EntryChangedDocument), data => {
      const change = (
        data as { entryChanged?: { kind: 'CREATED'; entryId: string; entry: EntryFieldsFragment | null } }
      ).entryChanged;
      if (change)
        this.happenings.next({ kind: 'changed', change: change.kind, id: change.entryId, entry: change.entry });
    });
    this.subscribe(ANALYZED, print(EntryAnalyzedDocument), data => {
      const entry = (data as { entryAnalyzed?: { id: string } }).entryAnalyzed;
      if (entry) this.happenings.next({ kind: 'analyzed', id: entry.id });
    });
  }

  private subscribe(name: string, query: string, show: (data: unknown) => void): void {
    const client = this.client;
    if (!client) return;
    const again = (): void => {
      if (this.client !== client) return;
      setTimeout(() => this.client === client && this.subscribe(name, query, show), RETRY_MS_MIN);
    };
    // The variables are read at each connection: a subscription that is sent again goes on where it was.
    const cursors = this.cursors;
    const variables = {
      get after(): string | null {
        return cursors.get(name) ?? null;
      },
    };
    const stop = client.subscribe(
      { query, variables },
      {
        next: result => {
          const cursor = (result.extensions as { cursor?: unknown } | undefined)?.cursor;
          if (typeof cursor === 'string') this.cursors.set(name, cursor);
          if (result.data && !result.errors) show(result.data);
        },
        error: error => {
          if (isForgotten(error)) {
            this.cursors.delete(name);
            this.happenings.next({ kind: 'gap' });
          }
          again();
        },
        complete: again,
      },
    );
    this.stops.push(stop);
  }

  private stop(): void {
    const client = this.client;
    this.client = null;
    for (const stop of this.stops) stop();
    this.stops = [];
    void client?.dispose();
    this.connection.set('off');
  }
}

const CHANGED = 'entryChanged';
const ANALYZED = 'entryAnalyzed';

/** Whether the platform refuses a cursor because it does not know any more what came after it. */
export function isForgotten(error: unknown): boolean {
  const listed = Array.isArray(error) ? (error as AnsweredError[]) : [];
  return listed.some(each => failureOfAnswer(each).hasRule('forgotten'));
}
