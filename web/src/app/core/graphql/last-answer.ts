import { type Resource, type Signal, linkedSignal } from '@angular/core';

/** What a resource has answered last. It stays while the next answer is on its way, so that a page does not blink, and after a failure. */
export function lastAnswer<T>(answers: Resource<T | undefined>): Signal<T | null> {
  return linkedSignal<T | undefined, T | null>({
    source: () => (answers.hasValue() ? answers.value() : undefined),
    computation: (answer, before) => answer ?? before?.value ?? null,
  });
}
