import { Injectable, inject } from '@angular/core';
import { Languages } from './languages';

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Sizes of files and bodies, such as `3.2 MB`, in the language of the page. */
@Injectable({ providedIn: 'root' })
export class Sizes {
  private readonly languages = inject(Languages);

  of(bytes: number): string {
    const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), UNITS.length - 1);
    const value = bytes / 1000 ** step;
    return new Intl.NumberFormat(this.languages.locale(), {
      style: 'unit',
      unit: UNITS[step] ?? 'byte',
      // `216 bytes` in full; `3.2 MB` says as much in short.
      unitDisplay: step === 0 ? 'long' : 'short',
      maximumFractionDigits: step === 0 || value >= 100 ? 0 : 1,
    }).format(value);
  }
}
