import { Injectable, inject } from '@angular/core';
import { PromptsDocument } from '@/gql/first';
import type { PromptsQuery } from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';
import { keptList } from '../offline/kept-list';

export type Prompt = NonNullable<PromptsQuery['prompts']>[number];

const PROMPTS = 7;

/** Questions to write about, the day's first. */
@Injectable({ providedIn: 'root' })
export class Prompts {
  private readonly graphql = inject(GraphQL);
  private readonly list = keptList<Prompt>(
    'prompts',
    async () => (await this.graphql.query(PromptsDocument, { first: PROMPTS })).prompts ?? [],
  );
  readonly all = this.list.all;
}
