import { daysAfter } from '@/core/time/dates';
import type { Granularity } from '@/gql/generated';

/** The first day of the period that a day is in: weeks begin on Monday, as the platform counts them. */
export function periodOf(date: string, granularity: Granularity): string {
  if (granularity === 'DAY') return date;
  if (granularity === 'MONTH') return `${date.slice(0, 7)}-01`;
  const weekday = new Date(`${date}T12:00:00Z`).getUTCDay() || 7;
  return daysAfter(date, 1 - weekday);
}

/** All periods from one day to another, in order, also those in which nothing was written: an axis of time has no holes. */
export function periodsBetween(from: string, to: string, granularity: Granularity): readonly string[] {
  const periods: string[] = [];
  for (let day = from; day <= to; day = daysAfter(day, 1)) {
    const period = periodOf(day, granularity);
    if (periods.at(-1) !== period) periods.push(period);
  }
  return periods;
}

/** How many there were in each period, by what they are counted by. What is outside of the periods is not counted. */
export function countsOf<K extends string>(
  points: readonly { readonly date: string; readonly key: K; readonly count: number }[],
  periods: readonly string[],
  granularity: Granularity,
): ReadonlyMap<K, readonly number[]> {
  const places = new Map(periods.map((period, index) => [period, index]));
  const counts = new Map<K, number[]>();
  for (const { date, key, count } of points) {
    const place = places.get(periodOf(date, granularity));
    if (place === undefined) continue;
    const row = counts.get(key) ?? periods.map(() => 0);
    row[place] = (row[place] ?? 0) + count;
    counts.set(key, row);
  }
  return counts;
}

/** Rows on top of each other: each with all before it added. */
export function stacked(rows: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const sums: number[] = [];
  return rows.map(row =>
    row.map((value, index) => {
      const sum = (sums[index] ?? 0) + value;
      sums[index] = sum;
      return sum;
    }),
  );
}
