import { ChangeDetectionStrategy, Component, inject, input, output } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import type { Entry } from '@/core/journal/entry';
import { Dates } from '@/core/time/dates';

/** Two versions of one text, when another device was faster. */
@Component({
  selector: 'mf-conflict-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  template: `
    <section class="conflict" role="alert" [attr.aria-label]="'conflict.heading' | transloco">
      <h2 class="conflict__heading">{{ 'conflict.heading' | transloco }}</h2>
      <p>{{ 'conflict.text' | transloco: { when: dates.ago(theirs().updatedAt) } }}</p>
      <div class="conflict__sides">
        <div>
          <h3>{{ 'conflict.mine' | transloco }}</h3>
          <pre class="conflict__text" tabindex="0">{{ mine() }}</pre>
        </div>
        <div>
          <h3>{{ 'conflict.theirs' | transloco }}</h3>
          <pre class="conflict__text" tabindex="0">{{ theirs().content }}</pre>
        </div>
      </div>
      <div class="conflict__actions">
        <button type="button" class="button button--primary" (click)="keepMine.emit()">
          {{ 'conflict.keepMine' | transloco }}
        </button>
        <button type="button" class="button" (click)="takeTheirs.emit()">
          {{ 'conflict.takeTheirs' | transloco }}
        </button>
        <button type="button" class="button" (click)="takeBoth.emit()">{{ 'conflict.takeBoth' | transloco }}</button>
      </div>
    </section>
  `,
})
export class ConflictView {
  readonly mine = input.required<string>();
  readonly theirs = input.required<Entry>();
  readonly keepMine = output();
  readonly takeTheirs = output();
  readonly takeBoth = output();
  protected readonly dates = inject(Dates);
}
