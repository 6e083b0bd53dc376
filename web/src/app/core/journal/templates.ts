import { Injectable, inject } from '@angular/core';
import { CreateTemplateDocument, DeleteTemplateDocument, TemplatesDocument, UpdateTemplateDocument } from '@/gql/first';
import type { EntryTemplateInput, TemplateFieldsFragment } from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';
import { keptList } from '../offline/kept-list';

/** What new entries can begin with, by name. */
@Injectable({ providedIn: 'root' })
export class Templates {
  private readonly graphql = inject(GraphQL);
  private readonly list = keptList<TemplateFieldsFragment>('templates', async () =>
    [...((await this.graphql.query(TemplatesDocument, {})).templates ?? [])].sort((a, b) =>
      a.name.localeCompare(b.name),
    ),
  );
  readonly all = this.list.all;
  readonly isKnown = this.list.isKnown;

  async load(): Promise<void> {
    await this.list.load();
  }

  /** `id`: null of a new one. */
  async save(id: string | null, input: EntryTemplateInput): Promise<void> {
    if (id === null) await this.graphql.mutate(CreateTemplateDocument, { input });
    else await this.graphql.mutate(UpdateTemplateDocument, { id, input });
    await this.load();
  }

  async remove(id: string): Promise<void> {
    await this.graphql.mutate(DeleteTemplateDocument, { id });
    await this.load();
  }
}
