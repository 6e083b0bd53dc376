import { Failure, failureOf, failureOfAnswer, failureOfProblem } from './failure';

describe('a failure', () => {
  it('has the broken rules of a GraphQL error with their fields', () => {
    const failure = failureOfAnswer({
      message: 'Write at least one character that is seen.',
      path: ['createJournalEntry'],
      extensions: {
        code: 'BAD_USER_INPUT',
        correlationId: 'c-1',
        field: 'title',
        rule: 'blank',
        errors: [
          { field: 'title', rule: 'blank', params: {}, message: 'Write.' },
          { field: 'input.tags[3]', rule: 'too-long', params: { max: 50, unit: 'characters' }, message: 'Too long.' },
        ],
      },
    });
    expect(failure.code).toBe('BAD_USER_INPUT');
    expect(failure.of('title')?.rule).toBe('blank');
    expect(failure.of('tags[3]')?.params).toEqual({ max: 50, unit: 'characters' });
    expect(failure.of('content')).toBeUndefined();
    expect(failure.correlationId).toBe('c-1');
  });

  it('has the one rule of an error that lists none', () => {
    const failure = failureOfAnswer({
      message: 'm',
      extensions: { code: 'CONFLICT', field: 'expectedVersion', rule: 'version', params: {} },
    });
    expect(failure.hasRule('version')).toBe(true);
  });

  it('is internal where the platform says a code that is not known', () => {
    expect(failureOfAnswer({ message: 'm', extensions: { code: 'NEW' } }).code).toBe('INTERNAL');
  });

  it('tells a quota from what is forbidden', () => {
    expect(failureOfProblem(403, { type: 'quota-exceeded', title: 'Quota exceeded' }).code).toBe('QUOTA_EXCEEDED');
    expect(failureOfProblem(403, { type: 'forbidden' }).code).toBe('FORBIDDEN');
  });

  it('knows the status of answers that are not of the platform', () => {
    expect(failureOfProblem(502, '<html>').code).toBe('UNAVAILABLE');
    expect(failureOfProblem(413, null).code).toBe('TOO_LARGE');
    expect(failureOfProblem(429, {}, '30').retryAfter).toBe(30);
    expect(failureOfProblem(429, {}, 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfter).toBeNull();
  });

  it('is that there was no answer when fetch throws', () => {
    const failure = failureOf(new TypeError('Failed to fetch'));
    expect(failure.code).toBe('OFFLINE');
    expect(failure.isPassing).toBe(true);
    expect(new Failure({ code: 'BAD_USER_INPUT', message: '' }).isPassing).toBe(false);
  });
});
