import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { FailureText } from '@/core/text/failure-text';
import { Languages } from '@/core/text/languages';
import { Sizes } from '@/core/text/sizes';
import { Dates } from '@/core/time/dates';
import { Skeleton, Trouble } from '@/ui/states';
import { FlowDiagram } from './flow-diagram';
import { PlatformWatch } from './platform-watch';
import { Sparkline } from './sparkline';

/** The platform as it runs: its components, what waits for them, and events on their way. */
@Component({
  selector: 'mf-live-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [FlowDiagram, Sparkline, RouterLink, Skeleton, Trouble, TranslocoPipe],
  providers: [PlatformWatch],
  template: `
    @if (watch.failure(); as failure) {
      <mf-trouble [text]="texts.of(failure)" (again)="watch.ask()" />
    }
    @if (watch.platform(); as platform) {
      <p class="page__lead">
        {{
          'admin.live.at'
            | transloco: { at: dates.clockWithSeconds(platform.at), since: dates.moment(platform.startedAt) }
        }}
      </p>
      <section class="section" aria-labelledby="components">
        <h2 class="section__heading" id="components">{{ 'admin.live.components' | transloco }}</h2>
        <ul class="components">
          @for (component of platform.components; track component.name) {
            <li class="component">
              <h3 class="component__name">
                {{ component.name }}
                <span class="badge" [class]="badges[component.state]">{{
                  'admin.live.state.' + component.state | transloco
                }}</span>
              </h3>
              <p class="component__rate">
                <span>{{ 'admin.live.rate' | transloco: { count: number(rateOf(component.name)) } }}</span>
                <mf-sparkline [values]="watch.calls().get(component.name) ?? []" />
              </p>
              <dl class="component__facts">
                <div>
                  <dt>{{ 'admin.live.now' | transloco }}</dt>
                  <dd>{{ number(component.callsNow) }} / {{ number(component.callsMax) }}</dd>
                </div>
                <div>
                  <dt>{{ 'admin.live.calls' | transloco }}</dt>
                  <dd>{{ number(component.calls) }}</dd>
                </div>
                <div>
                  <dt>{{ 'admin.live.failures' | transloco }}</dt>
                  <dd [class.component__bad]="component.failures > 0">{{ number(component.failures) }}</dd>
                </div>
                <div>
                  <dt>{{ 'admin.live.latency' | transloco }}</dt>
                  <dd>
                    @if (component.latency; as latency) {
                      {{ short(latency.p50Ms) }} / {{ short(latency.p95Ms) }} / {{ short(latency.p99Ms) }} ms
                    } @else {
                      –
                    }
                  </dd>
                </div>
                <div>
                  <dt>{{ 'admin.live.instances' | transloco }}</dt>
                  <dd>{{ number(component.instances) }} · {{ sizes.of(component.memoryBytes) }}</dd>
                </div>
                <div>
                  <dt>{{ 'admin.live.generation' | transloco }}</dt>
                  <dd [title]="component.digest">{{ component.generation }} · {{ dates.ago(component.since) }}</dd>
                </div>
              </dl>
              @if (component.callees.length > 0) {
                <p class="row__note">{{ 'admin.live.callees' | transloco: { names: component.callees.join(', ') } }}</p>
              }
            </li>
          }
        </ul>
      </section>
      <section class="section" aria-labelledby="flows">
        <h2 class="section__heading" id="flows">{{ 'admin.live.flows' | transloco }}</h2>
        <mf-flow-diagram
          [flows]="platform.flows"
          [subscriptions]="platform.subscriptions ?? []"
          [rates]="watch.deliveries()"
        />
      </section>
      <section class="section" aria-labelledby="subscriptions">
        <h2 class="section__heading" id="subscriptions">{{ 'admin.live.subscriptions' | transloco }}</h2>
        @if (platform.subscriptions; as subscriptions) {
          <div class="table-wrap" tabindex="0" role="region" aria-labelledby="subscriptions">
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">{{ 'admin.live.subscription' | transloco }}</th>
                  <th scope="col">{{ 'admin.live.component' | transloco }}</th>
                  <th scope="col" class="table__number">{{ 'admin.live.waiting' | transloco }}</th>
                  <th scope="col" class="table__number">{{ 'admin.live.inFlight' | transloco }}</th>
                  <th scope="col" class="table__number">{{ 'admin.live.lag' | transloco }}</th>
                  <th scope="col" class="table__number">{{ 'admin.live.deadLetters' | transloco }}</th>
                  <th scope="col" class="table__number">{{ 'admin.live.parked' | transloco }}</th>
                </tr>
              </thead>
              <tbody>
                @for (each of subscriptions; track each.name) {
                  <tr>
                    <th scope="row" [title]="each.events.join(', ')">{{ each.name }}</th>
                    <td>{{ each.component }}</td>
                    <td class="table__number">{{ number(each.waiting) }}</td>
                    <td class="table__number">{{ number(each.inFlight) }}</td>
                    <td class="table__number">{{ each.lagMs === null ? '–' : dates.milliseconds(each.lagMs) }}</td>
                    <td class="table__number">
                      @if (each.deadLetters > 0) {
                        <a routerLink="/admin/dead-letters" [queryParams]="{ consumer: each.name }">{{
                          number(each.deadLetters)
                        }}</a>
                      } @else {
                        0
                      }
                    </td>
                    <td class="table__number">{{ number(each.parked) }}</td>
                  </tr>
                }
              </tbody>
            </table>
          </div>
        } @else {
          <p class="section__text">{{ 'admin.live.uncounted' | transloco }}</p>
        }
      </section>
    } @else if (!watch.failure()) {
      <mf-skeleton [lines]="9" />
    }
  `,
})
export class LiveView {
  protected readonly watch = inject(PlatformWatch);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly sizes = inject(Sizes);
  private readonly languages = inject(Languages);
  protected readonly badges = { READY: 'badge--good', OVERLOADED: 'badge--wait', FAILING: 'badge--bad' };
  private readonly format = computed(
    () => new Intl.NumberFormat(this.languages.locale(), { maximumFractionDigits: 1 }),
  );

  protected number(value: number): string {
    return this.format().format(value);
  }

  /** Three digits are enough of how long something takes. */
  protected short(value: number): string {
    return this.number(value < 10 ? value : Math.round(value));
  }

  protected rateOf(name: string): number {
    return this.watch.calls().get(name)?.at(-1) ?? 0;
  }
}
