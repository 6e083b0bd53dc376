import { DOCUMENT, DestroyRef, Injectable, inject, signal } from '@angular/core';
import { Router } from '@angular/router';

export interface Shortcut {
  /** As shown, such as `g t`. `mod` is Ctrl, or Command on a Mac. */
  readonly keys: string;
  readonly text: string;
}

/** What the sheet shows. Those of the editor are CodeMirror's or the editor page's. */
export const SHORTCUTS: readonly { readonly heading: string; readonly list: readonly Shortcut[] }[] = [
  {
    heading: 'shortcuts.everywhere',
    list: [
      { keys: 'n', text: 'nav.write' },
      { keys: '/', text: 'nav.search' },
      { keys: 'g t', text: 'nav.timeline' },
      { keys: 'g c', text: 'nav.calendar' },
      { keys: 'g i', text: 'nav.insights' },
      { keys: 'g p', text: 'nav.photos' },
      { keys: 'g o', text: 'nav.organise' },
      { keys: 'g x', text: 'nav.trash' },
      { keys: 'g s', text: 'nav.settings' },
      { keys: '?', text: 'shortcuts.title' },
    ],
  },
  {
    heading: 'shortcuts.reading',
    list: [
      { keys: 'j', text: 'shortcuts.next' },
      { keys: 'k', text: 'shortcuts.former' },
      { keys: 'e', text: 'entry.edit' },
      { keys: 'p', text: 'entry.pin' },
      { keys: 'f', text: 'entry.makeFavourite' },
      { keys: 'v', text: 'history.title' },
      { keys: '#', text: 'entry.delete' },
      { keys: 'u', text: 'nav.timeline' },
    ],
  },
  {
    heading: 'shortcuts.editor',
    list: [
      { keys: 'mod s', text: 'editor.save' },
      { keys: 'mod Enter', text: 'editor.done' },
      { keys: 'mod b', text: 'editor.bold' },
      { keys: 'mod i', text: 'editor.italic' },
      { keys: 'mod k', text: 'editor.link' },
      { keys: 'mod e', text: 'editor.preview' },
      { keys: 'mod f', text: 'editor.find' },
    ],
  },
];

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

  private pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (document.querySelector('dialog[open]')) return;
    const path = this.pathOf(event.key);
    if (path !== null) {
      event.preventDefault();
      void this.router.navigateByUrl(path);
    } else if (event.key === '?') {
      event.preventDefault();
      this.sheet.set(true);
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
