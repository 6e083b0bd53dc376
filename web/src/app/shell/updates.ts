import { Injectable, inject } from '@angular/core';
import { SwUpdate } from '@angular/service-worker';
import { TranslocoService } from '@jsverse/transloco';
import { filter } from 'rxjs';
import { Toasts } from '../ui/toasts';

/** Between two looks for a new version while a page stays open, in milliseconds. */
const CHECK_MS = 30 * 60_000;

/** A new version of the client waits until the user takes it: a page that reloads by itself would interrupt who writes. */
@Injectable({ providedIn: 'root' })
export class Updates {
  constructor() {
    const worker = inject(SwUpdate);
    const toasts = inject(Toasts);
    const transloco = inject(TranslocoService);
    if (!worker.isEnabled) return;
    worker.versionUpdates.pipe(filter(event => event.type === 'VERSION_READY')).subscribe(() => {
      toasts.show(transloco.translate('update.ready'), {
        tone: 'good',
        stays: true,
        action: { label: transloco.translate('update.reload'), run: () => location.reload() },
      });
    });
    // The worker's files are gone, as when the browser needed room: only a new page can have them.
    worker.unrecoverable.subscribe(() => location.reload());
    setInterval(() => void worker.checkForUpdate().catch(() => false), CHECK_MS);
  }
}
