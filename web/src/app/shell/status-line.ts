import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Drafts } from '../core/offline/drafts';
import { Outbox } from '../core/offline/outbox';
import { Reachability } from '../core/graphql/reachability';
import { PluralPipe } from '../core/text/plural';
import { Icon } from '../ui/icon';

/** Whether what was written has arrived: nothing is said while all is well. */
@Component({
  selector: 'mf-status-line',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe, PluralPipe, RouterLink],
  host: { role: 'status' },
  template: `
    @switch (state()) {
      @case ('refused') {
        <a class="status status--bad" routerLink="/waiting">
          <mf-icon name="warning" /><span>{{ 'status.refused' | mfPlural: outbox.refused().length }}</span>
        </a>
      }
      @case ('full') {
        <span class="status status--bad"
          ><mf-icon name="warning" /><span>{{ 'status.full' | transloco }}</span></span
        >
      }
      @case ('offline') {
        <span class="status"
          ><mf-icon name="cloud-off" /><span>{{ 'status.offline' | transloco }}</span></span
        >
      }
      @case ('waiting') {
        <a class="status" routerLink="/waiting">
          <mf-icon name="cloud-off" /><span>{{ 'status.waiting' | mfPlural: outbox.waiting().length }}</span>
        </a>
      }
      @case ('sending') {
        <span class="status"
          ><mf-icon name="sync" /><span>{{ 'status.sending' | transloco }}</span></span
        >
      }
    }
  `,
})
export class StatusLine {
  protected readonly outbox = inject(Outbox);
  private readonly reachability = inject(Reachability);
  private readonly drafts = inject(Drafts);

  protected readonly state = computed(() => {
    if (this.outbox.refused().length > 0) return 'refused';
    if (this.drafts.storageIsFull()) return 'full';
    const waiting = this.outbox.waiting().length;
    if (!this.reachability.online()) return waiting > 0 ? 'waiting' : 'offline';
    if (waiting > 0) return this.outbox.sending() ? 'sending' : 'waiting';
    return 'well';
  });
}
