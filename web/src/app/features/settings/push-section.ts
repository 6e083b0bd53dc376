import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Push } from '@/core/push/push';
import { Doing } from '@/ui/doing';
import { Icon } from '@/ui/icon';

/** Web push on this device. */
@Component({
  selector: 'mf-push-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="push">
      <h2 class="section__heading" id="push">{{ 'settings.push.heading' | transloco }}</h2>
      <p class="section__text" aria-live="polite">{{ 'settings.push.state.' + push.state() | transloco }}</p>
      @switch (push.state()) {
        @case ('off') {
          <div class="row__actions">
            <button type="button" class="button" [disabled]="doing.busy()" (click)="turnOn()">
              <mf-icon name="bell" /><span>{{ 'settings.push.on' | transloco }}</span>
            </button>
          </div>
        }
        @case ('on') {
          <div class="row__actions">
            <button type="button" class="button" [disabled]="doing.busy()" (click)="turnOff()">
              {{ 'settings.push.off' | transloco }}
            </button>
          </div>
        }
      }
    </section>
  `,
})
export class PushSection {
  protected readonly push = inject(Push);
  protected readonly doing = inject(Doing);

  constructor() {
    void this.push.look().catch(() => undefined);
  }

  protected async turnOn(): Promise<void> {
    await this.doing.run(() => this.push.on());
  }

  protected async turnOff(): Promise<void> {
    await this.doing.run(() => this.push.off());
  }
}
