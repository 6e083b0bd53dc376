import { Injectable, inject } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';
import { Toasts } from './toasts';

/** Copies texts, and says whether the browser let it. */
@Injectable({ providedIn: 'root' })
export class Copying {
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);

  async copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      this.toasts.show(this.transloco.translate('settings.copied'), { tone: 'good' });
    } catch {
      this.toasts.show(this.transloco.translate('settings.notCopied'), { tone: 'bad' });
    }
  }
}
