import { daysAfter, dayOf, timeOf } from './dates';

describe('a day of the account', () => {
  it('is the one of its time zone, on both sides of midnight', () => {
    const evening = new Date('2026-11-30T22:30:00Z');
    expect([dayOf(evening, 'Europe/Berlin'), timeOf(evening, 'Europe/Berlin')]).toEqual(['2026-11-30', '23:30']);
    const night = new Date('2026-11-30T23:30:00Z');
    expect([dayOf(night, 'Europe/Berlin'), timeOf(night, 'Europe/Berlin')]).toEqual(['2026-12-01', '00:30']);
    expect(dayOf(night, 'America/Los_Angeles')).toBe('2026-11-30');
    expect(dayOf(night, 'Pacific/Kiritimati')).toBe('2026-12-01');
  });

  it('is counted on over months, leap days and changes of the clock', () => {
    expect(daysAfter('2026-11-30', 1)).toBe('2026-12-01');
    expect(daysAfter('2028-02-28', 1)).toBe('2028-02-29');
    expect(daysAfter('2026-03-28', 2)).toBe('2026-03-30');
    expect(daysAfter('2027-01-01', -1)).toBe('2026-12-31');
  });
});
