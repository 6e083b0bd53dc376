import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Reachability } from '../core/graphql/reachability';
import { Entries } from '../core/journal/entries';
import { Outbox } from '../core/offline/outbox';
import type { OutboxItem } from '../core/offline/outbox-item';
import { FailureText } from '../core/text/failure-text';
import { Dates } from '../core/time/dates';
import { Confirm } from '../ui/confirm';
import { Icon } from '../ui/icon';
import { Empty } from '../ui/states';

/** What has not been sent: why, and what can be done. */
@Component({
  selector: 'mf-waiting-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Empty, Icon, RouterLink, TranslocoPipe],
  host: { class: 'page' },
  template: `
    <header class="page__head">
      <h1 class="page__title">{{ 'waiting.title' | transloco }}</h1>
      @if (outbox.waiting().length > 0) {
        <button type="button" class="button" [disabled]="outbox.sending()" (click)="outbox.replay()">
          <mf-icon name="sync" /><span>{{ 'waiting.send' | transloco }}</span>
        </button>
      }
    </header>
    <ul class="rows">
      @for (item of outbox.items(); track item.id) {
        <li class="row">
          <div class="row__text">
            <a class="row__title" [routerLink]="['/entries', item.entryId]">{{
              item.title || ('entry.untitled' | transloco)
            }}</a>
            <p class="row__note">
              {{ 'waiting.kind.' + item.change.kind | transloco }} · {{ dates.moment(item.madeAt) }}
            </p>
            @if (item.refusal; as refusal) {
              <p class="row__wrong"><mf-icon name="warning" /> {{ texts.ofEntry(refusal) }}</p>
            }
          </div>
          @if (item.refusal; as refusal) {
            <div class="row__actions">
              @if (refusal.code === 'CONFLICT' && item.change.kind === 'update') {
                <a class="button" [routerLink]="['/entries', item.entryId, 'edit']">{{
                  'waiting.compare' | transloco
                }}</a>
              } @else {
                @if (item.change.kind === 'create' || item.change.kind === 'update') {
                  <a class="button" [routerLink]="['/entries', item.entryId, 'edit']">{{ 'entry.edit' | transloco }}</a>
                }
                <button type="button" class="button" (click)="outbox.retry(item.id)">
                  {{ 'ui.again' | transloco }}
                </button>
              }
              <button type="button" class="button button--quiet" (click)="giveUp(item)">
                {{ 'waiting.discard' | transloco }}
              </button>
            </div>
          }
        </li>
      } @empty {
        <li>
          <mf-empty icon="check" [heading]="'waiting.none' | transloco" [text]="'waiting.noneText' | transloco" />
        </li>
      }
    </ul>
  `,
})
export class WaitingPage {
  protected readonly outbox = inject(Outbox);
  protected readonly reachability = inject(Reachability);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  private readonly entries = inject(Entries);
  private readonly confirm = inject(Confirm);
  private readonly transloco = inject(TranslocoService);

  protected async giveUp(item: OutboxItem): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('waiting.discardHeading'),
      text: this.transloco.translate('waiting.discardText'),
      confirm: this.transloco.translate('waiting.discard'),
      danger: true,
    });
    if (sure) await this.entries.giveUp(item.id);
  }
}
