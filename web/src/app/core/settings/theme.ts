import { DOCUMENT, Injectable, effect, inject, signal } from '@angular/core';
import { LocalSettings } from './local-settings';

export type ThemeChoice = 'system' | 'light' | 'dark';
export const THEMES: readonly ThemeChoice[] = ['system', 'light', 'dark'];

/** Light or dark. The script of index.html sets the same attribute before the first paint. */
@Injectable({ providedIn: 'root' })
export class Theme {
  private readonly settings = inject(LocalSettings);
  private readonly root = inject(DOCUMENT).documentElement;
  readonly choice = signal<ThemeChoice>(this.read());

  constructor() {
    effect(() => {
      const choice = this.choice();
      this.settings.write('theme', choice === 'system' ? null : choice);
      if (choice === 'system') this.root.removeAttribute('data-theme');
      else this.root.setAttribute('data-theme', choice);
    });
  }

  private read(): ThemeChoice {
    const kept = this.settings.read('theme');
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  }
}
