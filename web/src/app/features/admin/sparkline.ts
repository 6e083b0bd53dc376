import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { HISTORY_MAX } from './rates';

const WIDTH = 120;
const HEIGHT = 28;

/** The last minute of a number, next to the number itself: screen readers pass over it. */
@Component({
  selector: 'mf-sparkline',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'sparkline', 'aria-hidden': 'true' },
  template: `<svg viewBox="0 0 120 28" preserveAspectRatio="none"><polyline [attr.points]="points()" /></svg>`,
})
export class Sparkline {
  readonly values = input.required<readonly number[]>();
  protected readonly points = computed(() => {
    const values = this.values();
    const most = Math.max(...values, 1);
    const step = WIDTH / (HISTORY_MAX - 1);
    const from = WIDTH - step * (values.length - 1);
    return values
      .map(
        (value, index) =>
          `${(from + step * index).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`,
      )
      .join(' ');
  });
}
