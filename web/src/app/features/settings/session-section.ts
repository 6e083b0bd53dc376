import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Leaving } from '@/core/auth/leaving';
import { FailureText } from '@/core/text/failure-text';
import { Icon } from '@/ui/icon';
import { Toasts } from '@/ui/toasts';

@Component({
  selector: 'mf-session-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe, Icon],
  template: `
    <section class="section" aria-labelledby="session">
      <h2 class="section__heading" id="session">{{ 'settings.device' | transloco }}</h2>
      <p class="section__text">{{ 'settings.deviceText' | transloco }}</p>
      <div class="row__actions">
        <button type="button" class="button" [disabled]="busy()" (click)="signOut()">
          <mf-icon name="sign-out" /><span>{{ 'account.signOut' | transloco }}</span>
        </button>
      </div>
    </section>
  `,
})
export class SessionSection {
  private readonly leaving = inject(Leaving);
  private readonly toasts = inject(Toasts);
  private readonly texts = inject(FailureText);
  protected readonly busy = signal(false);

  protected async signOut(): Promise<void> {
    this.busy.set(true);
    try {
      await this.leaving.signOut();
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    } finally {
      this.busy.set(false);
    }
  }
}
