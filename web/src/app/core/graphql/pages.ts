import { computed, signal } from '@angular/core';
import { type Failure, failureOf } from '../failure';

/** A page of a list, as Relay's connections answer it. */
export interface Page<T> {
  readonly edges: readonly { readonly node: T }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** A list that is read page by page. What was read stays when a further page cannot be read. */
export class Pages<T> {
  private readonly read = signal<readonly T[]>([]);
  private readonly loading = signal(false);
  private readonly failed = signal<Failure | null>(null);
  /** Where the next page begins; undefined before the first one, null behind the last one. */
  private readonly next = signal<string | null | undefined>(undefined);
  /** Rises with each beginning: an answer to what was asked before is passed over. */
  private run = 0;

  readonly items = this.read.asReadonly();
  readonly isLoading = this.loading.asReadonly();
  readonly failure = this.failed.asReadonly();
  readonly isDone = computed(() => this.next() === null);

  constructor(private readonly ask: (after: string | null) => Promise<Page<T> | null>) {}

  async more(): Promise<void> {
    const after = this.next();
    if (this.loading() || after === null) return;
    const run = this.run;
    this.loading.set(true);
    this.failed.set(null);
    try {
      const page = await this.ask(after ?? null);
      if (run !== this.run) return;
      this.read.update(items => [...items, ...(page?.edges.map(edge => edge.node) ?? [])]);
      this.next.set(page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null);
    } catch (error) {
      if (run === this.run) this.failed.set(failureOf(error));
    } finally {
      if (run === this.run) this.loading.set(false);
    }
  }

  /** Reads it from the beginning, as after another filter. */
  async again(): Promise<void> {
    this.run++;
    this.read.set([]);
    this.next.set(undefined);
    this.loading.set(false);
    await this.more();
  }

  /** Shows items otherwise, as after a change of one of them. */
  change(action: (items: readonly T[]) => readonly T[]): void {
    this.read.update(action);
  }
}
