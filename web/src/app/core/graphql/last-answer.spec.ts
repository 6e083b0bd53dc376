import { type Resource, signal } from '@angular/core';
import { lastAnswer } from './last-answer';

describe('the last answer', () => {
  it('stays while the next one is on its way, and is none before the first', () => {
    const value = signal<string | undefined>(undefined);
    const answers = { hasValue: () => value() !== undefined, value } as unknown as Resource<string | undefined>;
    const shown = lastAnswer(answers);
    expect(shown()).toBeNull();
    value.set('November');
    expect(shown()).toBe('November');
    value.set(undefined);
    expect(shown()).toBe('November');
    value.set('December');
    expect(shown()).toBe('December');
  });
});
