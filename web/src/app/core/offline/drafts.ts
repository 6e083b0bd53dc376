import { Injectable, inject, signal } from '@angular/core';
import { v4 as uuid4 } from 'uuid';
import type { Mood } from '@/gql/generated';
import { Auth } from '../auth/auth';
import { LocalSettings } from '../settings/local-settings';
import { Database, isFull } from './database';

/** Where a page that is about to go leaves its texts. */
const LEFT = 'left';

/** A text that is being written. It is kept here with each pause, before anything is sent. */
export interface KeptDraft {
  readonly entryId: string;
  /** The version of the entry that the writing began with; null of a new one. */
  readonly base: number | null;
  readonly title: string;
  readonly content: string;
  readonly mood: Mood | null;
  readonly tags: readonly string[];
  readonly entryDate: string;
  readonly entryTime: string | null;
  readonly place: {
    readonly name?: string | null;
    readonly latitude?: number | null;
    readonly longitude?: number | null;
  } | null;
  /** Null: which the entry has could not be read, so they stay as they are. */
  readonly attachmentIds: readonly string[] | null;
  readonly journalId: string | null;
  readonly private: boolean;
  readonly keptAt: string;
  /** The page that has it in its editor: what another one has sent is not that text. */
  readonly page?: string;
}

@Injectable({ providedIn: 'root' })
export class Drafts {
  private readonly database = inject(Database);
  private readonly auth = inject(Auth);
  private readonly settings = inject(LocalSettings);
  private readonly fullness = signal(false);
  private readonly page = uuid4();

  /** Whether the browser's storage is full, so that texts are on the page alone until they are sent. */
  readonly storageIsFull = this.fullness.asReadonly();

  /** False: it could not be kept on this device. */
  async keep(draft: KeptDraft): Promise<boolean> {
    try {
      const database = await this.database.open();
      if (!database) return false;
      await database.put('drafts', { ...draft, page: this.page });
      if (this.isOwn(this.left()[draft.entryId])) this.setLeft(draft.entryId, null);
      this.fullness.set(false);
      return true;
    } catch (error) {
      if (isFull(error)) this.fullness.set(true);
      return false;
    }
  }

  /** Keeps it without waiting, for a page that is about to go: what such a page begins in a database does not always end. */
  leave(draft: KeptDraft): void {
    this.setLeft(draft.entryId, { ...draft, page: this.page });
  }

  async find(entryId: string): Promise<KeptDraft | null> {
    // It is newer than what is in the database, or it would not be there any more.
    const left = this.left()[entryId];
    if (left) {
      await this.takeLeft(left);
      return left;
    }
    try {
      const kept = (await (await this.database.open())?.get('drafts', entryId)) ?? null;
      // Now this page has it.
      if (kept) await this.keep(kept);
      return kept;
    } catch {
      return null;
    }
  }

  /** The one that was written last first. */
  async all(): Promise<readonly KeptDraft[]> {
    for (const left of Object.values(this.left())) await this.takeLeft(left);
    try {
      const all = (await (await this.database.open())?.getAll('drafts')) ?? [];
      return all.sort((a, b) => b.keptAt.localeCompare(a.keptAt));
    } catch {
      return [];
    }
  }

  /** Forgets what this page has kept of an entry. A text that another page is writing stays. */
  async drop(entryId: string): Promise<void> {
    if (this.isOwn(this.left()[entryId])) this.setLeft(entryId, null);
    try {
      const transaction = (await this.database.open())?.transaction('drafts', 'readwrite');
      if (!transaction) return;
      if (this.isOwn(await transaction.store.get(entryId))) await transaction.store.delete(entryId);
      await transaction.done;
      this.fullness.set(false);
    } catch {
      // It is dropped when it is written again.
    }
  }

  forgetLeft(): void {
    this.settings.write(LEFT, null);
  }

  /** Keeps what a page has left, which is gone. */
  private async takeLeft(draft: KeptDraft): Promise<void> {
    if (await this.keep(draft)) this.setLeft(draft.entryId, null);
  }

  private isOwn(draft: KeptDraft | undefined): boolean {
    return draft?.page === undefined || draft.page === this.page;
  }

  private left(): Readonly<Record<string, KeptDraft>> {
    try {
      const { person, drafts } = JSON.parse(this.settings.read(LEFT) ?? '{}');
      return person === this.auth.person()?.id ? (drafts ?? {}) : {};
    } catch {
      return {};
    }
  }

  private setLeft(entryId: string, draft: KeptDraft | null): void {
    const { [entryId]: former, ...drafts } = this.left();
    if (!draft && !former) return;
    const all = draft ? { ...drafts, [entryId]: draft } : drafts;
    const person = this.auth.person()?.id;
    this.settings.write(LEFT, Object.keys(all).length > 0 ? JSON.stringify({ person, drafts: all }) : null);
  }
}
