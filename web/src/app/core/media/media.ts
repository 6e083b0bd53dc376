import { Injectable, inject } from '@angular/core';
import {
  DeleteMediaDocument,
  MediaByIdDocument,
  type MediaFieldsFragment,
  type MediaKind,
  MediaPageDocument,
  type MediaPageQuery,
  MediaRoomDocument,
} from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';

export type MediaList = NonNullable<MediaPageQuery['media']>;

/** The user's uploads. */
@Injectable({ providedIn: 'root' })
export class Media {
  private readonly graphql = inject(GraphQL);

  /** Null: it is not there. Throws a `Failure` where that is not known. */
  async byId(id: string): Promise<MediaFieldsFragment | null> {
    const { node } = await this.graphql.query(MediaByIdDocument, { id });
    return node?.__typename === 'Media' ? node : null;
  }

  /** The latest first. */
  async page(first: number, after: string | null, kind: MediaKind | null): Promise<MediaList | null> {
    return (await this.graphql.query(MediaPageDocument, { first, after, kind })).media;
  }

  /** How many bytes are taken, with the smaller sizes, and how many may be; null where it cannot be read. */
  async room(): Promise<{ readonly used: number; readonly limit: number } | null> {
    return (await this.graphql.query(MediaRoomDocument, {})).me.storage?.mediaBytes ?? null;
  }

  async remove(id: string): Promise<void> {
    await this.graphql.mutate(DeleteMediaDocument, { id });
  }
}
