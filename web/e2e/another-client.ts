import type { Page } from '@playwright/test';

/** What another client of the same person asks of the platform. */
export async function ask<T>(page: Page, query: string, variables: Record<string, unknown> = {}): Promise<T> {
  return await page.evaluate(
    async body => {
      const { accessToken } = await (await fetch('/auth/refresh', { method: 'POST' })).json();
      const answer = await fetch('/graphql', {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const { data, errors } = await answer.json();
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    { query, variables },
  );
}

/** Writes entries, ten a request. Answers their ids. */
export async function haveWritten(page: Page, entries: readonly Record<string, unknown>[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let from = 0; from < entries.length; from += 10) {
    const some = entries.slice(from, from + 10);
    const names = some.map((_, index) => `$i${index}: CreateJournalEntryInput!`).join(', ');
    const fields = some.map((_, index) => `e${index}: createJournalEntry(input: $i${index}) { id }`).join('\n');
    const variables = Object.fromEntries(some.map((entry, index) => [`i${index}`, { content: 'Words.', ...entry }]));
    const made = await ask<Record<string, { readonly id: string }>>(
      page,
      `mutation (${names}) { ${fields} }`,
      variables,
    );
    ids.push(...some.map((_, index) => made[`e${index}`]?.id ?? ''));
  }
  return ids;
}
