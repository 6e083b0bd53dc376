import type { JobStatus } from '@/gql/generated';

export const isUnderWay = (job: { readonly status: JobStatus }): boolean =>
  job.status === 'WAITING' || job.status === 'RUNNING';

/** Between two looks at jobs that are under way, in milliseconds; a stretch of a job takes eight seconds. */
export const LOOK_MS = 2_000;

/** A part of a whole from 0 to 1; null where the whole is not known yet. */
export function shareOf(done: number, total: number): number | null {
  return total <= 0 ? null : Math.min(1, done / total);
}
