import { WEEKDAYS, nameOfDays, toggled } from './weekdays';

describe('days of a reminder', () => {
  it('have a name where they are usual', () => {
    expect(nameOfDays(WEEKDAYS)).toBe('every');
    expect(nameOfDays(['FRIDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY'])).toBe('workdays');
    expect(nameOfDays(['SUNDAY', 'SATURDAY'])).toBe('weekend');
    expect(nameOfDays(['MONDAY'])).toBeNull();
  });

  it('stay in the order of the week', () => {
    expect(toggled(['FRIDAY', 'SUNDAY'], 'MONDAY')).toEqual(['MONDAY', 'FRIDAY', 'SUNDAY']);
    expect(toggled(['MONDAY', 'FRIDAY'], 'FRIDAY')).toEqual(['MONDAY']);
  });
});
