import { daysAfter } from '@/core/time/dates';

/** `YYYY-MM` of a day. */
export const monthOf = (date: string): string => date.slice(0, 7);

export function monthAfter(month: string, months: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + months, 1, 12)).toISOString().slice(0, 7);
}

/** The weeks of a month as a calendar shows them, from Monday (1) or Sunday (7) on, with days of the months around it. */
export function weeksOf(month: string, firstWeekday: number): readonly (readonly string[])[] {
  const first = `${month}-01`;
  const weekday = new Date(`${first}T12:00:00Z`).getUTCDay() || 7;
  const weeks: string[][] = [];
  for (let day = daysAfter(first, -((weekday - firstWeekday + 7) % 7)); weeks.length === 0 || monthOf(day) === month;) {
    const week = Array.from({ length: 7 }, (_, index) => daysAfter(day, index));
    weeks.push(week);
    day = daysAfter(day, 7);
  }
  return weeks;
}

/** With which day a week begins in a language: 1 is Monday, 7 Sunday. */
export function firstWeekday(language: string): number {
  const locale = new Intl.Locale(language) as Intl.Locale & {
    getWeekInfo?: () => { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}
