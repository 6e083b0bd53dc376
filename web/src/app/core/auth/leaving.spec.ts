import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { TranslocoService } from '@jsverse/transloco';
import { Confirm } from '@/ui/confirm';
import { GraphQL } from '../graphql/graphql';
import { Database } from '../offline/database';
import { Drafts } from '../offline/drafts';
import { Outbox } from '../offline/outbox';
import { Push } from '../push/push';
import { Auth } from './auth';
import { Leaving } from './leaving';

describe('signing out', () => {
  /** What has not been sent, by the ids of the entries, and what the user says to the question. */
  function world(waiting: readonly string[], texts: readonly string[], isSure = true) {
    const done: string[] = [];
    const does =
      (name: string) =>
      async (of = '') =>
        void done.push(`${name} ${of}`.trim());
    const ask = vi.fn(async (_question: { readonly text: string }) => isSure);
    const ofEntry = (id: string) => waiting.filter(each => each === id);
    const useValues: readonly (readonly [unknown, object])[] = [
      [Auth, { person: signal({ id: 'ann' }), signOut: does('end the session') }],
      [Outbox, { items: () => waiting, ofEntry }],
      [Drafts, { all: async () => texts.map(entryId => ({ entryId })), forgetLeft: does('forget texts') }],
      [Push, { off: () => Promise.reject(new Error('The platform did not answer.')) }],
      [Database, { forget: does('forget') }],
      [GraphQL, { forget: does('forget answers') }],
      [Confirm, { ask }],
      [TranslocoService, { getActiveLang: () => 'en', translate: (key: string, { count = '' } = {}) => key + count }],
    ];
    TestBed.configureTestingModule({ providers: useValues.map(([provide, useValue]) => ({ provide, useValue })) });
    return { leaving: TestBed.inject(Leaving), ask, done };
  }

  it('leaves nothing of its user on the device, also where no messages could be switched off', async () => {
    const { leaving, ask, done } = world([], []);
    expect(await leaving.signOut()).toBe(true);
    expect(ask).not.toHaveBeenCalled();
    expect(done).toEqual(['end the session', 'forget ann', 'forget texts', 'forget answers']);
  });

  it('asks where something was not sent, and counts an entry with a text that waits once', async () => {
    const { leaving, ask } = world(['e', 'f'], ['f', 'g']);
    expect(await leaving.signOut()).toBe(true);
    expect(ask.mock.calls[0]?.[0].text).toBe('account.leave.text_other3');
  });

  it('is left where its user does not want to lose that', async () => {
    const { leaving, done } = world([], ['g'], false);
    expect(await leaving.signOut()).toBe(false);
    expect(done).toEqual([]);
  });
});
