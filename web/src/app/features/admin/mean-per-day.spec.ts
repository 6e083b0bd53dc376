import { meanPerDay } from './mean-per-day';

describe('counts of days', () => {
  const days = [
    { date: '2026-11-27', count: 4 },
    { date: '2026-11-28', count: 2 },
    { date: '2026-11-29', count: 0 },
    { date: '2026-11-30', count: 5 },
    { date: '2026-12-01', count: 2 },
  ];

  it('stay as they are where each day is shown', () => {
    const shown = meanPerDay(days, 'DAY');
    expect(shown.map(({ from, mean }) => ({ date: from, count: mean }))).toEqual(days);
  });

  it('are the mean of the known days of a week, also of one that begins or ends with the span', () => {
    expect(meanPerDay(days, 'WEEK')).toEqual([
      { from: '2026-11-23', mean: 2 },
      { from: '2026-11-30', mean: 3.5 },
    ]);
  });

  it('are nothing where there are no days', () => {
    expect(meanPerDay([], 'WEEK')).toEqual([]);
  });
});
