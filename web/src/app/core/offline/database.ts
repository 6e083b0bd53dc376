import { Injectable, inject } from '@angular/core';
import { type DBSchema, type IDBPDatabase, deleteDB, openDB } from 'idb';
import type { EntryFieldsFragment } from '@/gql/generated';
import { Auth } from '../auth/auth';
import type { KeptDraft } from './drafts';
import type { OutboxItem } from './outbox-item';

/** What this device keeps of one person. */
export interface Kept extends DBSchema {
  /** Entries that were seen, as the platform answered them last. */
  entries: { key: string; value: EntryFieldsFragment; indexes: { byDay: [string, string] } };
  /** What waits to be sent; ids rise with time. */
  outbox: { key: string; value: OutboxItem };
  /** Texts that are being written, by the entry's id. */
  drafts: { key: string; value: KeptDraft };
  /** Answers to questions that are asked at each start, such as the tags. */
  answers: { key: string; value: unknown };
}

const VERSION = 1;

export function databaseName(personId: string): string {
  return `mindflow-${personId}`;
}

/** The database of who is signed in. Each person of a browser has one; that of who signs out is removed. */
@Injectable({ providedIn: 'root' })
export class Database {
  private readonly auth = inject(Auth);
  private opened: { readonly person: string; readonly database: Promise<IDBPDatabase<Kept>> } | null = null;

  /** Null where no user is signed in, or the browser keeps nothing: then everything is asked of the platform. */
  async open(): Promise<IDBPDatabase<Kept> | null> {
    const person = this.auth.person()?.id;
    if (!person || typeof indexedDB === 'undefined') return null;
    if (this.opened?.person !== person) {
      void this.close();
      const gone = (): void => {
        if (this.opened?.person === person) this.opened = null;
      };
      this.opened = { person, database: openKept(person, gone) };
    }
    try {
      return await this.opened.database;
    } catch {
      this.opened = null;
      return null;
    }
  }

  /** Removes all that is kept of a person on this device. */
  async forget(personId: string): Promise<void> {
    await this.close();
    await deleteDB(databaseName(personId)).catch(() => undefined);
  }

  private async close(): Promise<void> {
    const opened = this.opened;
    this.opened = null;
    (await opened?.database.catch(() => null))?.close();
  }
}

function openKept(person: string, gone: () => void): Promise<IDBPDatabase<Kept>> {
  return openDB<Kept>(databaseName(person), VERSION, {
    upgrade(database, before) {
      if (before < 1) {
        database.createObjectStore('entries', { keyPath: 'id' }).createIndex('byDay', ['entryDate', 'createdAt']);
        database.createObjectStore('outbox', { keyPath: 'id' });
        database.createObjectStore('drafts', { keyPath: 'entryId' });
        database.createObjectStore('answers');
      }
    },
    // Another tab has a newer version, or removes the database: do not stand in its way.
    blocking: (_before, _after, event) => {
      gone();
      (event.target as IDBDatabase).close();
    },
    terminated: gone,
  });
}

/** Whether a browser refused to keep something because its storage is full. */
export function isFull(error: unknown): boolean {
  return error instanceof DOMException && (error.name === 'QuotaExceededError' || error.code === 22);
}
