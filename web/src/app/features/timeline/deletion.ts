import { Injectable, inject } from '@angular/core';
import { Router } from '@angular/router';
import { TranslocoService } from '@jsverse/transloco';
import { Entries } from '@/core/journal/entries';
import type { Outcome } from '@/core/offline/outbox-item';
import { FailureText } from '@/core/text/failure-text';
import type { GoOn } from '@/ui/going-on';
import { Toasts } from '@/ui/toasts';

/** Moves entries into the trash. The timeline is shown without them right away, with a way back. */
@Injectable({ providedIn: 'root' })
export class Deletion {
  private readonly entries = inject(Entries);
  private readonly router = inject(Router);
  private readonly toasts = inject(Toasts);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);

  async run(id: string, title: string, goOn: GoOn = path => this.router.navigateByUrl(path)): Promise<void> {
    const gone = this.entries.remove(id, title);
    await goOn('/');
    const shown = this.toasts.show(this.transloco.translate('entry.deleted'), {
      action: { label: this.transloco.translate('ui.undo'), run: () => void gone.then(() => this.undo(id, title)) },
    });
    const outcome = await gone;
    if (outcome.kind !== 'refused') return;
    this.toasts.close(shown);
    await this.takeBack(outcome);
  }

  private async undo(id: string, title: string): Promise<void> {
    const outcome = await this.entries.restore(id, title);
    if (outcome.kind === 'refused') await this.takeBack(outcome);
  }

  private async takeBack({ refusal, itemId }: Extract<Outcome, { kind: 'refused' }>): Promise<void> {
    this.toasts.show(this.texts.ofRefusal(refusal), { tone: 'bad' });
    await this.entries.takeBack(itemId);
  }
}
