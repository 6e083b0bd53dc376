import { type Signal, computed, effect } from '@angular/core';
import type { JobStatus } from '@/gql/generated';

interface Job {
  readonly status: JobStatus;
}

export const isUnderWay = (job: Job): boolean => job.status === 'WAITING' || job.status === 'RUNNING';

/** Between two looks at jobs that are under way, in milliseconds; a stretch of a job takes eight seconds. */
const LOOK_MS = 2_000;

/** A part of a whole from 0 to 1; null where the whole is not known yet. */
export function shareOf(done: number, total: number): number | null {
  return total <= 0 ? null : Math.min(1, done / total);
}

/** Of a resource, what is needed here. */
interface Jobs {
  readonly value: Signal<readonly Job[] | undefined>;
  readonly isLoading: Signal<boolean>;
  hasValue(): boolean;
  reload(): boolean;
}

/** Looks again while one of the jobs is under way; answers whether one is. To be called where a component is made. */
export function followed(jobs: Jobs): Signal<boolean> {
  const runs = computed(() => jobs.hasValue() && (jobs.value() ?? []).some(isUnderWay));
  effect(onCleanup => {
    if (!runs() || jobs.isLoading()) return;
    const timer = setTimeout(() => jobs.reload(), LOOK_MS);
    onCleanup(() => clearTimeout(timer));
  });
  return runs;
}
