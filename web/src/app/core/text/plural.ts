import { Pipe, type PipeTransform, inject } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';

/** The text of a number: `KEY_one` or `KEY_other`, with `count` in it. */
export function pluralText(transloco: TranslocoService, key: string, count: number): string {
  const language = transloco.getActiveLang();
  const form = new Intl.PluralRules(language).select(count) === 'one' ? 'one' : 'other';
  return transloco.translate(`${key}_${form}`, { count: count.toLocaleString(language) });
}

/** `{{ 'entry.words' | mfPlural: entry.wordCount }}` */
@Pipe({ name: 'mfPlural', pure: false })
export class PluralPipe implements PipeTransform {
  private readonly transloco = inject(TranslocoService);

  transform(key: string, count: number): string {
    return pluralText(this.transloco, key, count);
  }
}
