import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Languages } from '@/core/text/languages';
import { Dates } from '@/core/time/dates';
import type { PlatformFieldsFragment } from '@/gql/generated';
import { type FlowEdge, LEFT, RIGHT, WIDTH, layoutOf } from './flow-layout';

/** Events on their way from those who publish them to those who get them: lines that move are being delivered. The table says the same. */
@Component({
  selector: 'mf-flow-diagram',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  template: `
    <div class="table-wrap" tabindex="0" role="region" [attr.aria-label]="'admin.live.flows' | transloco">
      <svg class="flows" [attr.viewBox]="'0 0 ' + width + ' ' + layout().height" aria-hidden="true">
        @for (edge of layout().edges; track edge.id) {
          <path
            class="flows__edge"
            [class.flows__edge--moving]="rateOf(edge) > 0"
            [class.flows__edge--used]="edge.delivered > 0"
            [attr.d]="edge.path"
          />
        }
        @for (node of layout().producers; track node.name) {
          <text class="flows__name" [attr.x]="left - 14" [attr.y]="node.y" text-anchor="end" dominant-baseline="middle">
            {{ node.name }}
          </text>
          <circle class="flows__dot" [attr.cx]="left" [attr.cy]="node.y" r="5" />
        }
        @for (node of layout().subscriptions; track node.name) {
          <circle
            class="flows__dot"
            [class.flows__dot--waiting]="byName().get(node.name)?.waiting"
            [class.flows__dot--dead]="byName().get(node.name)?.deadLetters"
            [attr.cx]="right"
            [attr.cy]="node.y"
            r="5"
          />
          <text class="flows__name" [attr.x]="right + 14" [attr.y]="node.y - 7" dominant-baseline="middle">
            {{ node.name }}
          </text>
          <text class="flows__note" [attr.x]="right + 14" [attr.y]="node.y + 11" dominant-baseline="middle">
            {{ noteOf(node.name) }}
          </text>
        }
      </svg>
    </div>
    <details class="chart__table">
      <summary>{{ 'insights.table' | transloco }}</summary>
      <div class="table-wrap" tabindex="0" role="region" [attr.aria-label]="'admin.live.flows' | transloco">
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{{ 'admin.live.producer' | transloco }}</th>
              <th scope="col">{{ 'admin.live.subscription' | transloco }}</th>
              <th scope="col">{{ 'admin.live.events' | transloco }}</th>
              <th scope="col" class="table__number">{{ 'admin.live.delivered' | transloco }}</th>
              <th scope="col" class="table__number">{{ 'admin.live.failed' | transloco }}</th>
              <th scope="col" class="table__number">{{ 'admin.live.perSecond' | transloco }}</th>
            </tr>
          </thead>
          <tbody>
            @for (edge of layout().edges; track edge.id) {
              <tr>
                <th scope="row">{{ edge.producer }}</th>
                <td>{{ edge.subscription }}</td>
                <td>{{ edge.events.join(', ') }}</td>
                <td class="table__number">{{ number(edge.delivered) }}</td>
                <td class="table__number">{{ number(edge.failed) }}</td>
                <td class="table__number">{{ number(rateOf(edge)) }}</td>
              </tr>
            }
          </tbody>
        </table>
      </div>
    </details>
  `,
})
export class FlowDiagram {
  readonly flows = input.required<PlatformFieldsFragment['flows']>();
  readonly subscriptions = input.required<NonNullable<PlatformFieldsFragment['subscriptions']>>();
  /** Deliveries in a second, by the id of an edge. */
  readonly rates = input.required<ReadonlyMap<string, number>>();

  private readonly languages = inject(Languages);
  private readonly dates = inject(Dates);
  private readonly transloco = inject(TranslocoService);
  protected readonly width = WIDTH;
  protected readonly left = LEFT;
  protected readonly right = RIGHT;
  protected readonly byName = computed(() => new Map(this.subscriptions().map(each => [each.name, each])));
  protected readonly layout = computed(() =>
    layoutOf(
      this.flows(),
      this.subscriptions().map(each => each.name),
    ),
  );

  protected rateOf(edge: FlowEdge): number {
    return this.rates().get(edge.id) ?? 0;
  }

  protected number(value: number): string {
    return value.toLocaleString(this.languages.locale(), { maximumFractionDigits: 1 });
  }

  protected noteOf(name: string): string {
    const known = this.byName().get(name);
    if (!known) return '';
    const parts = [this.transloco.translate('admin.live.waits', { count: this.number(known.waiting) })];
    if (known.lagMs !== null) parts.push(this.dates.milliseconds(known.lagMs));
    if (known.deadLetters > 0)
      parts.push(this.transloco.translate('admin.live.dead', { count: this.number(known.deadLetters) }));
    return parts.join(' · ');
  }
}
