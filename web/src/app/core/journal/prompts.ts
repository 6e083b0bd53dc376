import { Injectable, inject } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';
import { PromptsDocument } from '@/gql/first';
import type { PromptsQuery } from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';
import { keptList } from '../offline/kept-list';
import { known } from '../text/known';

export type Prompt = NonNullable<PromptsQuery['prompts']>[number];

const PROMPTS = 7;

/** Questions to write about, the day's first. */
@Injectable({ providedIn: 'root' })
export class Prompts {
  private readonly graphql = inject(GraphQL);
  private readonly transloco = inject(TranslocoService);
  private readonly list = keptList<Prompt>(
    'prompts',
    async () => (await this.graphql.query(PromptsDocument, { first: PROMPTS })).prompts ?? [],
  );
  readonly all = this.list.all;

  /** In the language of the page; as the platform asks where the question is not known here. */
  textOf({ id, text }: Prompt): string {
    return known(this.transloco, `prompts.${id}`) ?? text;
  }
}
