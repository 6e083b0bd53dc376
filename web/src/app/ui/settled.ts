import { type Signal, effect, signal, untracked } from '@angular/core';

/** Up to so many characters, a text is looked at with each key. */
const SHORT = 4_000;

/**
 * A text as it was when typing paused for so long, in milliseconds: for what takes longer with a longer text, as its preview. A short text
 * is not waited for. To be called where `inject` can be.
 */
export function settled(text: () => string, pauseMs: number): Signal<string> {
  const shown = signal('');
  effect(onCleanup => {
    const now = text();
    if (now.length <= SHORT || untracked(shown) === '') return shown.set(now);
    const timer = setTimeout(() => shown.set(now), pauseMs);
    onCleanup(() => clearTimeout(timer));
  });
  return shown.asReadonly();
}
