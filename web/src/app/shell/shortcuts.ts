import { DOCUMENT, DestroyRef, Injectable, inject, signal } from '@angular/core';
import { Router } from '@angular/router';
import { Languages } from '../core/text/languages';

const GO: Readonly<Record<string, string>> = {
  t: '/',
  c: '/calendar',
  s: '/settings',
  i: '/insights',
  p: '/photos',
  o: '/organise',
  x: '/trash',
};
/** How long after `g` the second key counts, in milliseconds. */
const SECOND_KEY_MS = 1_500;

/** Keys that work where nothing is being typed. */
@Injectable({ providedIn: 'root' })
export class Shortcuts {
  private readonly router = inject(Router);
  private readonly languages = inject(Languages);
  /** Whether the sheet that lists them is shown. */
  readonly sheet = signal(false);
  private goUntil = 0;
  /** Those of the page that is shown. */
  private own: Readonly<Record<string, () => void>> = {};

  constructor() {
    const document = inject(DOCUMENT);
    const listen = (event: KeyboardEvent) => this.pressed(event);
    document.addEventListener('keydown', listen);
    inject(DestroyRef).onDestroy(() => document.removeEventListener('keydown', listen));
  }

  /** Keys of a page, for as long as it is there. To be called where `inject` can be. */
  whileHere(keys: Readonly<Record<string, () => void>>): void {
    this.own = keys;
    inject(DestroyRef).onDestroy(() => {
      if (this.own === keys) this.own = {};
    });
  }

  private async showSheet(): Promise<void> {
    // It names what other pages name.
    await this.languages.allTexts().catch(() => undefined);
    this.sheet.set(true);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (document.querySelector('dialog[open]')) return;
    const path = this.pathOf(event.key);
    if (path !== null) {
      event.preventDefault();
      void this.router.navigateByUrl(path);
    } else if (event.key === '?') {
      event.preventDefault();
      void this.showSheet();
    } else if (Object.hasOwn(this.own, event.key)) {
      event.preventDefault();
      this.own[event.key]?.();
    } else {
      this.goUntil = event.key === 'g' ? Date.now() + SECOND_KEY_MS : 0;
    }
  }

  private pathOf(key: string): string | null {
    if (Date.now() < this.goUntil) {
      this.goUntil = 0;
      return GO[key] ?? null;
    }
    return key === 'n' ? '/write' : key === '/' ? '/search' : null;
  }
}

function isTyping(event: KeyboardEvent): boolean {
  const at = event.composedPath()[0];
  if (!(at instanceof HTMLElement)) return false;
  return at.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(at.tagName);
}
