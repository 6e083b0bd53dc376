import { Injectable, effect, inject, signal, untracked } from '@angular/core';
import { TagsDocument, type TagsQuery } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { GraphQL } from '../graphql/graphql';
import { Database } from '../offline/database';

export type KnownTag = NonNullable<TagsQuery['tags']>[number];

const KEPT = 'tags';

/** The user's tags, the most used first; those that were known last while the platform is away. */
@Injectable({ providedIn: 'root' })
export class Tags {
  private readonly graphql = inject(GraphQL);
  private readonly database = inject(Database);
  private readonly auth = inject(Auth);
  private readonly list = signal<readonly KnownTag[]>([]);
  readonly all = this.list.asReadonly();

  constructor() {
    effect(() => {
      const person = this.auth.state() === 'in' ? this.auth.person()?.id : null;
      untracked(() => (person ? void this.load() : this.list.set([])));
    });
  }

  async load(): Promise<void> {
    try {
      const { tags } = await this.graphql.query(TagsDocument, {});
      this.list.set(sorted(tags ?? []));
      await (await this.database.open())?.put('answers', this.list(), KEPT);
    } catch {
      const kept = await (await this.database.open())?.get('answers', KEPT).catch(() => undefined);
      if (this.list().length === 0 && Array.isArray(kept)) this.list.set(kept as KnownTag[]);
    }
  }
}

function sorted(tags: readonly KnownTag[]): readonly KnownTag[] {
  return [...tags].sort((a, b) => (b.entryCount ?? 0) - (a.entryCount ?? 0) || a.name.localeCompare(b.name));
}
