import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  ElementRef,
  effect,
  inject,
  input,
  signal,
  untracked,
} from '@angular/core';
import type UPlot from 'uplot';
import { Theme } from '@/core/settings/theme';
import { stacked } from './periods';

export interface Series {
  readonly name: string;
  /** The custom property of its colour, such as `--accent`. */
  readonly color: string;
  /** Null where there is none. */
  readonly values: readonly (number | null)[];
}

export type ChartKind = 'bars' | 'stack' | 'line';

const HEIGHT = 240;
/** Of a bar: its part of the room of a value, and the most pixels that it takes. */
const BAR_SIZE: [number, number] = [0.75, 48];

/**
 * A drawing of numbers, which the table next to it has as well: screen readers get the name alone. uPlot is loaded with the first one.
 * It sets styles by script, which the content security policy allows, and adds no <style> element.
 */
@Component({
  selector: 'mf-chart',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'chart', role: 'img', '[attr.aria-label]': 'label()' },
  template: '',
})
export class Chart {
  readonly label = input.required<string>();
  readonly kind = input.required<ChartKind>();
  /** What stands below each value. */
  readonly labels = input.required<readonly string[]>();
  readonly series = input.required<readonly Series[]>();
  /** The least and the greatest value of the axis; from 0 to the greatest value where it is left out. */
  readonly range = input<readonly [number, number] | null>(null);

  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  private readonly theme = inject(Theme);
  private readonly isDark = signal(false);
  private plot: UPlot | null = null;
  private run = 0;

  constructor() {
    const system = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
    const follow = () => this.isDark.set(system?.matches ?? false);
    follow();
    system?.addEventListener('change', follow);
    const observer = new ResizeObserver(() => this.plot?.setSize({ width: this.width(), height: HEIGHT }));
    observer.observe(this.element);
    effect(() => {
      const [kind, labels, series, range] = [this.kind(), this.labels(), this.series(), this.range()];
      // Colours are read when it is drawn, so other colours draw it again.
      this.theme.choice();
      this.isDark();
      untracked(() => void this.draw(kind, labels, series, range));
    });
    inject(DestroyRef).onDestroy(() => {
      this.run++;
      system?.removeEventListener('change', follow);
      observer.disconnect();
      this.plot?.destroy();
    });
  }

  private width(): number {
    return Math.max(this.element.clientWidth, 200);
  }

  private async draw(
    kind: ChartKind,
    labels: readonly string[],
    series: readonly Series[],
    range: readonly [number, number] | null,
  ): Promise<void> {
    const run = ++this.run;
    const { default: Plot } = await import('uplot');
    if (run !== this.run) return;
    this.plot?.destroy();
    // The greatest sums are drawn first, and the smaller ones over them.
    const shown = kind === 'stack' ? sums(series).reverse() : series;
    const paths = kind === 'line' ? undefined : Plot.paths.bars?.({ size: BAR_SIZE });
    const [ink, line] = [this.color('--ink-soft'), this.color('--line')];
    const axis = {
      stroke: ink,
      font: '12px system-ui, sans-serif',
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
    };
    const options: UPlot.Options = {
      width: this.width(),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [-0.6, labels.length - 0.4] },
        y: { range: (_plot, _least, greatest) => (range ? [...range] : [0, Math.max(greatest, 1) * 1.05]) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          incrs: [1, 2, 3, 4, 5, 6, 7, 10, 14, 30],
          space: 56,
          values: (_plot, splits) => splits.map(split => (Number.isInteger(split) ? (labels[split] ?? '') : '')),
        },
        { ...axis, size: 44, incrs: range ? [0.5, 1] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
      ],
      series: [
        {},
        ...shown.map(({ name, color }) => ({
          label: name,
          stroke: this.color(color),
          width: kind === 'line' ? 2 : 0,
          ...(kind === 'line' ? {} : { fill: this.color(color) }),
          ...(paths ? { paths } : {}),
          spanGaps: true,
          points: { show: kind === 'line', size: 7, fill: this.color(color) },
        })),
      ],
    };
    const data = [labels.map((_label, index) => index), ...shown.map(each => [...each.values])] as UPlot.AlignedData;
    this.plot = new Plot(options, data, this.element);
  }

  private color(name: string): string {
    return getComputedStyle(this.element).getPropertyValue(name).trim() || 'currentColor';
  }
}

function sums(series: readonly Series[]): Series[] {
  const rows = stacked(series.map(each => each.values.map(value => value ?? 0)));
  return series.map((each, index) => ({ ...each, values: rows[index] ?? [] }));
}
