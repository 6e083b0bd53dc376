import { type Signal, type Type, effect, signal, untracked } from '@angular/core';

/**
 * A component in a file of its own, for `ngComponentOutlet`: it is loaded when it is wanted first, and where that fails, when it is wanted
 * again. `@defer` takes 2 kB of the first load, and does not try again. To be called where `inject` can be.
 */
export function whenWanted<T>(wanted: () => boolean, load: () => Promise<Type<T>>): Signal<Type<T> | null> {
  const component = signal<Type<T> | null>(null);
  effect(() => {
    if (!wanted() || untracked(component) !== null) return;
    load().then(
      loaded => component.set(loaded),
      () => undefined,
    );
  });
  return component.asReadonly();
}
