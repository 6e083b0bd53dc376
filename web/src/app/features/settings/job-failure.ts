import { Injectable, inject } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';
import { known } from '@/core/text/known';
import { Languages } from '@/core/text/languages';
import { Sizes } from '@/core/text/sizes';
import type { ExportFieldsFragment, JobFailureReason } from '@/gql/generated';

type Failed = Pick<ExportFieldsFragment, 'error' | 'failure'>;

/** Of which `max` is a number of bytes. */
const IN_BYTES: readonly JobFailureReason[] = ['LONG_DIRECTORY', 'TOO_LARGE'];

/** Why an export or an import failed. */
@Injectable({ providedIn: 'root' })
export class JobFailureText {
  private readonly transloco = inject(TranslocoService);
  private readonly languages = inject(Languages);
  private readonly sizes = inject(Sizes);

  /** Null where it did not fail. */
  of(kind: 'export' | 'import', { error, failure }: Failed): string | null {
    if (!failure) return error;
    const { reason, files, max } = failure;
    const params = {
      files: new Intl.ListFormat(this.languages.locale()).format(files),
      max: max === null ? '' : this.number(reason, max),
    };
    return known(this.transloco, `jobs.${kind}.${reason}`, params) ?? error;
  }

  private number(reason: JobFailureReason, max: number): string {
    return IN_BYTES.includes(reason) ? this.sizes.of(max) : max.toLocaleString(this.languages.locale());
  }
}
