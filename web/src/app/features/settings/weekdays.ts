import type { Weekday } from '@/gql/generated';

/** From Monday, as the platform counts them. */
export const WEEKDAYS: readonly Weekday[] = [
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
  'SUNDAY',
];
const WORKDAYS = WEEKDAYS.slice(0, 5);

/** A day of the week as a date, whose name a language has: 2 January 2023 was a Monday. */
export const dateOfWeekday = (index: number): string => `2023-01-0${2 + index}`;

/** What a set of days is called where it has a name. */
export function nameOfDays(days: readonly Weekday[]): 'every' | 'workdays' | 'weekend' | null {
  const has = (which: readonly Weekday[]) => which.length === days.length && which.every(day => days.includes(day));
  if (has(WEEKDAYS)) return 'every';
  if (has(WORKDAYS)) return 'workdays';
  return has(['SATURDAY', 'SUNDAY']) ? 'weekend' : null;
}

/** With a day or without it, in the order of the week. */
export function toggled(days: readonly Weekday[], day: Weekday): readonly Weekday[] {
  return WEEKDAYS.filter(each => (each === day ? !days.includes(day) : days.includes(each)));
}
