import { Injectable, inject } from '@angular/core';
import { DeleteTagDocument, MergeTagsDocument, RenameTagDocument, TagsDocument } from '@/gql/first';
import type { TagsQuery } from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';
import { keptList } from '../offline/kept-list';

export type KnownTag = NonNullable<TagsQuery['tags']>[number];

/** The user's tags, the most used first; those that were known last while the platform is away. */
@Injectable({ providedIn: 'root' })
export class Tags {
  private readonly graphql = inject(GraphQL);
  private readonly list = keptList<KnownTag>('tags', async () =>
    sorted((await this.graphql.query(TagsDocument, {})).tags ?? []),
  );
  readonly all = this.list.all;
  readonly isKnown = this.list.isKnown;

  async load(): Promise<void> {
    await this.list.load();
  }

  async rename(id: string, name: string): Promise<void> {
    await this.graphql.mutate(RenameTagDocument, { id, name });
    await this.load();
  }

  /** Entries that have one of the first tags have the other instead. */
  async merge(ids: readonly string[], into: string): Promise<void> {
    await this.graphql.mutate(MergeTagsDocument, { ids: [...ids], into });
    await this.load();
  }

  async remove(id: string): Promise<void> {
    await this.graphql.mutate(DeleteTagDocument, { id });
    await this.load();
  }
}

function sorted(tags: readonly KnownTag[]): readonly KnownTag[] {
  return [...tags].sort((a, b) => (b.entryCount ?? 0) - (a.entryCount ?? 0) || a.name.localeCompare(b.name));
}
