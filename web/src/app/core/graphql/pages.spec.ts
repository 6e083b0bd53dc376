import { Failure } from '../failure';
import { type Page, Pages } from './pages';

const page = (nodes: readonly string[], endCursor: string | null): Page<string> => ({
  edges: nodes.map(node => ({ node })),
  pageInfo: { hasNextPage: endCursor !== null, endCursor },
});

describe('a list that is read page by page', () => {
  it('goes on behind its last page, and ends', async () => {
    const asked: (string | null)[] = [];
    const pages = new Pages<string>(async after => {
      asked.push(after);
      return after === null ? page(['a', 'b'], 'after b') : page(['c'], null);
    });
    await pages.more();
    expect(pages.isDone()).toBe(false);
    await pages.more();
    await pages.more();
    expect(asked).toEqual([null, 'after b']);
    expect(pages.items()).toEqual(['a', 'b', 'c']);
    expect(pages.isDone()).toBe(true);
  });

  it('keeps what was read when a page cannot be read, and tries that page again', async () => {
    let isAway = false;
    const pages = new Pages<string>(async after => {
      if (isAway) throw new Failure({ code: 'UNAVAILABLE', message: '' });
      return after === null ? page(['a'], 'after a') : page(['b'], null);
    });
    await pages.more();
    isAway = true;
    await pages.more();
    expect(pages.failure()?.code).toBe('UNAVAILABLE');
    expect(pages.items()).toEqual(['a']);
    isAway = false;
    await pages.more();
    expect(pages.failure()).toBeNull();
    expect(pages.items()).toEqual(['a', 'b']);
  });

  it('passes over an answer to what was asked before it began again', async () => {
    const answers: ((page: Page<string>) => void)[] = [];
    const pages = new Pages<string>(() => new Promise(resolve => answers.push(resolve)));
    const first = pages.more();
    const second = pages.again();
    answers[1]?.(page(['new'], null));
    answers[0]?.(page(['old'], null));
    await Promise.all([first, second]);
    expect(pages.items()).toEqual(['new']);
  });
});
