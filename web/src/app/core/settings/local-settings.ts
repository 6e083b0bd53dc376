import { Injectable } from '@angular/core';

/** Small settings of this browser. A browser may refuse to keep them; then they last as long as the page. */
@Injectable({ providedIn: 'root' })
export class LocalSettings {
  private readonly memory = new Map<string, string>();

  read(key: string): string | null {
    try {
      return globalThis.localStorage.getItem(`mf.${key}`) ?? this.memory.get(key) ?? null;
    } catch {
      return this.memory.get(key) ?? null;
    }
  }

  write(key: string, value: string | null): void {
    if (value === null) this.memory.delete(key);
    else this.memory.set(key, value);
    try {
      if (value === null) globalThis.localStorage.removeItem(`mf.${key}`);
      else globalThis.localStorage.setItem(`mf.${key}`, value);
    } catch {
      // It is kept in memory.
    }
  }
}
