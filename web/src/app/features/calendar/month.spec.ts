import { monthAfter, weeksOf } from './month';

describe('a month', () => {
  it('has whole weeks around it', () => {
    const weeks = weeksOf('2026-11', 1);
    expect(weeks[0]?.[0]).toBe('2026-10-26');
    expect(weeks.at(-1)?.at(-1)).toBe('2026-12-06');
    expect(weeks.every(week => week.length === 7)).toBe(true);
    expect(weeksOf('2026-11', 7)[0]?.[0]).toBe('2026-11-01');
    expect(weeksOf('2027-02', 1)).toHaveLength(4);
  });

  it('follows another over the end of a year', () => {
    expect(monthAfter('2026-12', 1)).toBe('2027-01');
    expect(monthAfter('2026-01', -1)).toBe('2025-12');
  });
});
