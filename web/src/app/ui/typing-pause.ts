import { DestroyRef, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NavigationStart, Router } from '@angular/router';

export interface TypingPause {
  /** Does this when typing pauses, in place of what was to be done then. */
  set(action: () => void): void;
  clear(): void;
}

/**
 * What typing sets off when it has paused for so long, in milliseconds. Nothing, when its user is on the way to another page by then: a
 * change of the address would bring them back. To be called where `inject` can be.
 */
export function typingPause(pauseMs: number): TypingPause {
  const router = inject(Router);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const clear = (): void => clearTimeout(timer);
  inject(DestroyRef).onDestroy(clear);
  router.events.pipe(takeUntilDestroyed()).subscribe(event => {
    if (event instanceof NavigationStart && pathOf(event.url) !== pathOf(router.url)) clear();
  });
  return {
    set(action) {
      clear();
      timer = setTimeout(action, pauseMs);
    },
    clear,
  };
}

function pathOf(url: string): string | undefined {
  return url.split(/[?#]/u, 1)[0];
}
