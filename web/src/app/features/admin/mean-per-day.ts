import { periodOf } from '@/features/insights/periods';
import type { Granularity } from '@/gql/generated';

/** How many there were on a day. */
interface Day {
  readonly date: string;
  readonly count: number;
}

/** A period by its first day, and the mean of those of its days that are known. */
interface Period {
  readonly from: string;
  readonly mean: number;
}

/** Days as a chart has room for them. Means, so that a week that has just begun is as high as those before it. */
export function meanPerDay(days: readonly Day[], granularity: Granularity): readonly Period[] {
  const periods = new Map<string, number[]>();
  for (const { date, count } of days) {
    const from = periodOf(date, granularity);
    periods.set(from, [...(periods.get(from) ?? []), count]);
  }
  return [...periods].map(([from, counts]) => ({
    from,
    mean: counts.reduce((sum, count) => sum + count, 0) / counts.length,
  }));
}
