import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Languages } from '@/core/text/languages';
import { Chart, type ChartKind, type Series } from './chart';

/** A chart with its heading, its legend, and the same numbers as a table. */
@Component({
  selector: 'mf-figure',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Chart, TranslocoPipe],
  host: { class: 'section' },
  template: `
    <h2 class="section__heading">{{ heading() }}</h2>
    @if (text()) {
      <p class="section__text">{{ text() }}</p>
    }
    <mf-chart [label]="heading()" [kind]="kind()" [labels]="labels()" [series]="series()" [range]="range()" />
    @if (series().length > 1) {
      <ul class="legend" aria-hidden="true">
        @for (each of series(); track each.name) {
          <li class="legend__item">
            <span class="legend__dot" [style.background]="'var(' + each.color + ')'"></span>{{ each.name }}
          </li>
        }
      </ul>
    }
    <details class="chart__table">
      <summary>{{ 'insights.table' | transloco }}</summary>
      <div class="table-wrap" tabindex="0" role="region" [attr.aria-label]="heading()">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{{ axis() }}</th>
              @for (each of series(); track each.name) {
                <th scope="col" class="table__number">{{ each.name }}</th>
              }
            </tr>
          </thead>
          <tbody>
            @for (label of labels(); track $index; let row = $index) {
              <tr>
                <th scope="row">{{ label }}</th>
                @for (each of series(); track each.name) {
                  <td class="table__number">{{ written(each.values[row]) }}</td>
                }
              </tr>
            }
          </tbody>
        </table>
      </div>
    </details>
  `,
})
export class Figure {
  readonly heading = input.required<string>();
  readonly text = input<string | null>(null);
  readonly kind = input.required<ChartKind>();
  /** What the labels are: days, hours. */
  readonly axis = input.required<string>();
  readonly labels = input.required<readonly string[]>();
  readonly series = input.required<readonly Series[]>();
  readonly range = input<readonly [number, number] | null>(null);
  private readonly languages = inject(Languages);

  protected written(value: number | null | undefined): string {
    if (value == null) return '–';
    return new Intl.NumberFormat(this.languages.locale(), { maximumFractionDigits: 2 }).format(value);
  }
}
