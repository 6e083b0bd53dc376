import { Injectable, inject } from '@angular/core';
import { Auth } from '@/core/auth/auth';
import type { Entry } from '@/core/journal/entry';
import type { JournalFilter } from '@/gql/generated';

/** How far a timeline was read. */
export interface Read {
  readonly filter: JournalFilter;
  readonly entries: readonly Entry[];
  readonly cursor: string | null;
  readonly hasMore: boolean;
  readonly total: number | null;
}

/** Where the timeline was left, for the way back from an entry. */
@Injectable({ providedIn: 'root' })
export class TimelinePlace {
  private readonly auth = inject(Auth);
  private left: { readonly person: string | null; readonly read: Read } | null = null;
  /** The entry that was read last. */
  opened: string | null = null;

  leave(read: Read): void {
    this.left = { person: this.auth.person()?.id ?? null, read };
  }

  /** What was read of the same person's entries by the same filter. */
  find(filter: JournalFilter): Read | null {
    const { left } = this;
    if (!left || left.person !== (this.auth.person()?.id ?? null)) return null;
    return JSON.stringify(left.read.filter) === JSON.stringify(filter) ? left.read : null;
  }
}
