import type { TranslocoService } from '@jsverse/transloco';

/** A text that there may be; null where there is none. */
export function known(transloco: TranslocoService, key: string, params: Record<string, unknown> = {}): string | null {
  const text = transloco.translate(key, params);
  return text === key || text === '' ? null : text;
}
