import { countsOf, periodOf, periodsBetween, stacked } from './periods';

describe('periods of a chart', () => {
  it('begin on Monday and on the first of a month', () => {
    expect(periodOf('2026-11-29', 'WEEK')).toBe('2026-11-23');
    expect(periodOf('2026-11-30', 'WEEK')).toBe('2026-11-30');
    expect(periodOf('2026-11-29', 'MONTH')).toBe('2026-11-01');
    expect(periodOf('2026-11-29', 'DAY')).toBe('2026-11-29');
  });

  it('have no holes, over the end of a year as well', () => {
    expect(periodsBetween('2026-12-30', '2027-01-12', 'WEEK')).toEqual(['2026-12-28', '2027-01-04', '2027-01-11']);
    expect(periodsBetween('2026-11-30', '2027-02-01', 'MONTH')).toEqual([
      '2026-11-01',
      '2026-12-01',
      '2027-01-01',
      '2027-02-01',
    ]);
  });

  it('count what lies in them', () => {
    const periods = ['2026-11-23', '2026-11-30'];
    const points = [
      { date: '2026-11-24', key: 'CALM', count: 1 },
      { date: '2026-11-29', key: 'CALM', count: 2 },
      { date: '2026-11-30', key: 'HAPPY', count: 4 },
      { date: '2026-01-01', key: 'HAPPY', count: 8 },
    ];
    expect([...countsOf(points, periods, 'WEEK')]).toEqual([
      ['CALM', [3, 0]],
      ['HAPPY', [0, 4]],
    ]);
  });

  it('lie on top of each other', () => {
    expect(
      stacked([
        [1, 2],
        [3, 0],
        [0, 5],
      ]),
    ).toEqual([
      [1, 2],
      [4, 2],
      [4, 7],
    ]);
  });
});
