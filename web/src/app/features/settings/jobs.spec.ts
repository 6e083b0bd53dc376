import { isUnderWay, shareOf } from './jobs';

describe('the progress of a job', () => {
  it('is not known before its whole is', () => {
    expect(shareOf(0, 0)).toBeNull();
    expect(shareOf(1, 4)).toBe(0.25);
    expect(shareOf(5, 4)).toBe(1);
  });

  it('goes on until the job has ended in any way', () => {
    expect((['WAITING', 'RUNNING'] as const).every(status => isUnderWay({ status }))).toBe(true);
    expect((['READY', 'FAILED', 'CANCELLED', 'EXPIRED'] as const).some(status => isUnderWay({ status }))).toBe(false);
  });
});
