import { durationText } from './durations';

describe('how long a sound plays', () => {
  it('is in minutes and seconds, and in hours where there are some', () => {
    expect([1_500, 187_000, 3_661_000].map(durationText)).toEqual(['0:02', '3:07', '1:01:01']);
  });
});
