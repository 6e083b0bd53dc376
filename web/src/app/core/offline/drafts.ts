import { Injectable, inject, signal } from '@angular/core';
import type { Mood } from '@/gql/generated';
import { Database, isFull } from './database';

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
}

@Injectable({ providedIn: 'root' })
export class Drafts {
  private readonly database = inject(Database);
  private readonly fullness = signal(false);

  /** Whether the browser's storage is full, so that texts are on the page alone until they are sent. */
  readonly storageIsFull = this.fullness.asReadonly();

  /** False: it could not be kept on this device. */
  async keep(draft: KeptDraft): Promise<boolean> {
    try {
      const database = await this.database.open();
      if (!database) return false;
      await database.put('drafts', draft);
      this.fullness.set(false);
      return true;
    } catch (error) {
      if (isFull(error)) this.fullness.set(true);
      return false;
    }
  }

  async find(entryId: string): Promise<KeptDraft | null> {
    try {
      return (await (await this.database.open())?.get('drafts', entryId)) ?? null;
    } catch {
      return null;
    }
  }

  /** The one that was written last first. */
  async all(): Promise<readonly KeptDraft[]> {
    try {
      const all = (await (await this.database.open())?.getAll('drafts')) ?? [];
      return all.sort((a, b) => b.keptAt.localeCompare(a.keptAt));
    } catch {
      return [];
    }
  }

  async drop(entryId: string): Promise<void> {
    try {
      await (await this.database.open())?.delete('drafts', entryId);
      this.fullness.set(false);
    } catch {
      // It is dropped when it is written again.
    }
  }
}
