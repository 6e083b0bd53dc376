import type { FullResult, Reporter, Suite, TestCase } from '@playwright/test/reporter';

/** Ends a run with one plain line that counts the stories. */
export default class Count implements Reporter {
  private all: readonly TestCase[] = [];

  onBegin(_config: unknown, suite: Suite): void {
    this.all = suite.allTests();
  }

  onEnd(result: FullResult): void {
    const are = (...outcomes: string[]) => this.all.filter(story => outcomes.includes(outcomeOf(story))).length;
    const counts = [
      `${are('expected', 'flaky')} passed`,
      `${are('unexpected')} failed`,
      `${are('skipped')} skipped`,
      `${are('not run')} not run`,
    ];
    const seconds = Math.round(result.duration / 1000);
    process.stdout.write(`e2e: ${this.all.length} stories: ${counts.join(', ')}; ${seconds} s\n`);
  }
}

/** A story that never began is counted apart from one that skips itself. */
function outcomeOf(story: TestCase): string {
  const outcome = story.outcome();
  return outcome === 'skipped' && story.results.length === 0 ? 'not run' : outcome;
}
