import { Injectable, computed, inject, signal } from '@angular/core';
import { CreateJournalDocument, DeleteJournalDocument, JournalsDocument, RenameJournalDocument } from '@/gql/first';
import type { JournalsQuery } from '@/gql/generated';
import { GraphQL } from '../graphql/graphql';
import { keptList } from '../offline/kept-list';

export type KnownJournal = NonNullable<JournalsQuery['journals']>[number];

/** The user's journals, the default one first. */
@Injectable({ providedIn: 'root' })
export class Journals {
  private readonly graphql = inject(GraphQL);
  private readonly list = keptList<KnownJournal>(
    'journals',
    async () => (await this.graphql.query(JournalsDocument, {})).journals ?? [],
  );
  private readonly opened = signal<string | null>(null);

  readonly all = this.list.all;
  readonly isKnown = this.list.isKnown;
  /** The journal that the timeline shows, which new entries go into; null where it shows all of them. */
  readonly chosen = computed(() => this.byId(this.opened()));

  async load(): Promise<void> {
    await this.list.load();
  }

  byId(id: string | null): KnownJournal | null {
    return this.all().find(journal => journal.id === id) ?? null;
  }

  choose(id: string | null): void {
    this.opened.set(id);
  }

  async create(name: string): Promise<void> {
    await this.graphql.mutate(CreateJournalDocument, { name });
    await this.load();
  }

  async rename(id: string, name: string): Promise<void> {
    await this.graphql.mutate(RenameJournalDocument, { id, name });
    await this.load();
  }

  /** Its entries are in the default journal then. */
  async remove(id: string): Promise<void> {
    await this.graphql.mutate(DeleteJournalDocument, { id });
    await this.load();
  }
}
