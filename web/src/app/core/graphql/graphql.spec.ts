import { TestBed } from '@angular/core/testing';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { Apollo } from 'apollo-angular';
import { Auth } from '../auth/auth';
import { GraphQL, failuresOf } from './graphql';
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

describe('a request whose session the platform refuses', () => {
  const refused = {
    data: { me: null },
    error: new CombinedGraphQLErrors({
      errors: [{ message: 'm', path: ['me'], extensions: { code: 'UNAUTHENTICATED' } }],
    }),
  };

  /** Answers in their order, and the tokens that the session has after the first one. */
  function world(answers: unknown[], after: string | null) {
    const query = vi.fn(async () => answers.shift());
    const tokenAfter = vi.fn(async () => after);
    TestBed.configureTestingModule({
      providers: [
        { provide: Apollo, useValue: { client: { query } } },
        { provide: Auth, useValue: { token: async () => 'first', tokenAfter } },
      ],
    });
    const ask = () => TestBed.inject(GraphQL).query({} as never, {});
    return { ask, query, tokenAfter };
  }

  it('is sent once more with another token', async () => {
    const { ask, query, tokenAfter } = world([refused, { data: { me: { id: 'ann' } } }], 'second');
    expect(await ask()).toEqual({ me: { id: 'ann' } });
    expect(tokenAfter).toHaveBeenCalledExactlyOnceWith('first');
    expect(query).toHaveBeenCalledTimes(2);
  });

  it('fails where there is no other token, or that is refused as well', async () => {
    const ended = world([refused], null);
    await expect(ended.ask()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(ended.query).toHaveBeenCalledOnce();
    TestBed.resetTestingModule();
    const again = world([refused, refused], 'second');
    await expect(again.ask()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(again.query).toHaveBeenCalledTimes(2);
  });
});

it('knows a cursor that was forgotten', () => {
  expect(
    isForgotten([{ message: 'm', extensions: { code: 'BAD_USER_INPUT', field: 'after', rule: 'forgotten' } }]),
  ).toBe(true);
  expect(isForgotten([{ message: 'm', extensions: { code: 'UNAVAILABLE' } }])).toBe(false);
  expect(isForgotten(new CloseEvent('close', { code: 4403 }))).toBe(false);
});
