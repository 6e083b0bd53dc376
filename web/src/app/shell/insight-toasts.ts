import { DestroyRef, Injectable, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';
import { TranslocoService } from '@jsverse/transloco';
import { Entries } from '../core/journal/entries';
import { pluralText } from '../core/text/plural';
import { Toasts } from '../ui/toasts';

/** Insights that come within so long are one message, as after an import, in milliseconds. */
const TOGETHER_MS = 1_500;

/** Says that insights are ready, unless their entry is being read, which shows them. */
@Injectable({ providedIn: 'root' })
export class InsightToasts {
  private readonly entries = inject(Entries);
  private readonly router = inject(Router);
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);
  private readonly ready = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.timer));
    this.entries.events.pipe(takeUntilDestroyed()).subscribe(event => {
      if (event.kind !== 'analysis' || this.router.url.split('?', 1)[0] === `/entries/${event.id}`) return;
      this.ready.add(event.id);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.show(), TOGETHER_MS);
    });
  }

  private async show(): Promise<void> {
    const ids = [...this.ready];
    this.ready.clear();
    const [id] = ids;
    if (id === undefined) return;
    if (ids.length > 1) {
      this.toasts.show(pluralText(this.transloco, 'news.insightsMany', ids.length));
      return;
    }
    const title = (await this.entries.local(id))?.title ?? '';
    this.toasts.show(this.transloco.translate(title ? 'news.insightsOf' : 'news.insights', { title }), {
      action: {
        label: this.transloco.translate('news.show'),
        run: () => void this.router.navigate(['/entries', id]),
      },
    });
  }
}
