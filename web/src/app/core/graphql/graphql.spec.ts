import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { failuresOf } from './graphql';
import { isForgotten } from './live';

describe('an answer of several parts', () => {
  it('names the parts that failed, and passes over what is missing within an object', () => {
    const error = new CombinedGraphQLErrors({
      errors: [
        { message: 'a', path: ['tags'], extensions: { code: 'UNAVAILABLE' } },
        { message: 'b', path: ['journalEntry', 'analysis'], extensions: { code: 'UNAVAILABLE' } },
      ],
    });
    const failures = failuresOf(error);
    expect([...(failures?.keys() ?? [])]).toEqual(['tags']);
    expect(failures?.get('tags')?.code).toBe('UNAVAILABLE');
  });

  it('is no answer where the error is of the way there', () => {
    expect(failuresOf(new TypeError('Failed to fetch'))).toBeNull();
    expect(failuresOf(undefined)?.size).toBe(0);
  });
});

it('knows a cursor that was forgotten', () => {
  expect(
    isForgotten([{ message: 'm', extensions: { code: 'BAD_USER_INPUT', field: 'after', rule: 'forgotten' } }]),
  ).toBe(true);
  expect(isForgotten([{ message: 'm', extensions: { code: 'UNAVAILABLE' } }])).toBe(false);
  expect(isForgotten(new CloseEvent('close', { code: 4403 }))).toBe(false);
});
