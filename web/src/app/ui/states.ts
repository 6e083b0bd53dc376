import { ChangeDetectionStrategy, Component, computed, input, output } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Icon, type IconName } from './icon';

/** Where a list has nothing: what belongs here, and how to begin. */
@Component({
  selector: 'mf-empty',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon],
  host: { class: 'empty' },
  template: `
    <mf-icon [name]="icon()" />
    <h2 class="empty__heading">{{ heading() }}</h2>
    @if (text()) {
      <p class="empty__text">{{ text() }}</p>
    }
    <ng-content />
  `,
})
export class Empty {
  readonly icon = input.required<IconName>();
  readonly heading = input.required<string>();
  readonly text = input<string | null>(null);
}

/** Grey lines where texts are about to be. */
@Component({
  selector: 'mf-skeleton',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  host: { class: 'skeleton', role: 'status' },
  template: `
    <span class="visually-hidden">{{ 'ui.loading' | transloco }}</span>
    @for (line of list(); track line) {
      <span class="skeleton__line" aria-hidden="true"></span>
    }
  `,
})
export class Skeleton {
  readonly lines = input(3);
  protected readonly list = computed(() => Array.from({ length: this.lines() }, (_, index) => index));
}

/** What could not be read, with the way to try again. */
@Component({
  selector: 'mf-trouble',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  host: { class: 'trouble', role: 'alert' },
  template: `
    <mf-icon name="warning" />
    <p class="trouble__text">{{ text() }}</p>
    <button type="button" class="button" (click)="again.emit()">{{ 'ui.again' | transloco }}</button>
  `,
})
export class Trouble {
  readonly text = input.required<string>();
  readonly again = output();
}
