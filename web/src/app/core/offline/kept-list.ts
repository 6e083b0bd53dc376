import { type Signal, computed, effect, inject, signal, untracked } from '@angular/core';
import { Auth } from '../auth/auth';
import { Database } from './database';

export interface KeptList<T> {
  readonly all: Signal<readonly T[]>;
  /** Whether it is known what is in it: from the platform, or from this device. */
  readonly isKnown: Signal<boolean>;
  /** Reads it again, as after a change. */
  load(): Promise<void>;
}

/**
 * A short list of the user's, such as the tags: read when the user is there, kept on this device under `key`, and shown from there while
 * the platform is away.
 */
export function keptList<T>(key: string, ask: () => Promise<readonly T[]>): KeptList<T> {
  const database = inject(Database);
  const auth = inject(Auth);
  const list = signal<readonly T[]>([]);
  const isKnown = signal(false);

  async function load(): Promise<void> {
    try {
      list.set(await ask());
      isKnown.set(true);
      await (await database.open())?.put('answers', list(), key);
    } catch {
      const kept = await (await database.open())?.get('answers', key).catch(() => undefined);
      if (isKnown() || !Array.isArray(kept)) return;
      list.set(kept as readonly T[]);
      isKnown.set(true);
    }
  }

  // A session that is renewed, or has expired, is of the same person.
  const who = computed(() => (auth.state() === 'starting' ? null : (auth.person()?.id ?? null)));
  effect(() => {
    const person = who();
    untracked(() => {
      list.set([]);
      isKnown.set(false);
      if (person) void load();
    });
  });
  return { all: list.asReadonly(), isKnown: isKnown.asReadonly(), load };
}
