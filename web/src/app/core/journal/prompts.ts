import { Injectable, inject } from '@angular/core';
import { PromptsDocument, type PromptsQuery } from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';
import { keptList } from '../offline/kept-list';
import { LaterTexts } from '../text/later-texts';

export type Prompt = NonNullable<PromptsQuery['prompts']>[number];

const PROMPTS = 7;

/** Questions to write about, the day's first. */
@Injectable({ providedIn: 'root' })
export class Prompts {
  private readonly graphql = inject(GraphQL);
  private readonly texts = inject(LaterTexts);
  private readonly list = keptList<Prompt>(
    'prompts',
    async () => (await this.graphql.query(PromptsDocument, { first: PROMPTS })).prompts ?? [],
  );
  readonly all = this.list.all;

  /** In the language of the page; as the platform asks where the question is not known here. Null while that is found out. */
  textOf({ id, text }: Prompt): string | null {
    return this.texts.of(`prompts.${id}`, {}, text);
  }
}
