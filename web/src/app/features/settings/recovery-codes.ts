import { ChangeDetectionStrategy, Component, computed, inject, input, output } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { Copying } from '@/ui/copying';

/** Codes that are shown this once: to copy or to keep as a file. */
@Component({
  selector: 'mf-recovery-codes',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  template: `
    <section class="settings__panel" aria-labelledby="recovery">
      <h3 class="settings__subheading" id="recovery">{{ 'settings.factor.codes' | transloco }}</h3>
      <p>{{ 'settings.factor.codesText' | transloco }}</p>
      <ol class="codes">
        @for (code of codes(); track code) {
          <li>
            <code>{{ code }}</code>
          </li>
        }
      </ol>
      <div class="row__actions">
        <button type="button" class="button" (click)="copying.copy(lines())">
          {{ 'settings.factor.copy' | transloco }}
        </button>
        <a class="button" [href]="file()" download="mindflow-recovery-codes.txt">{{
          'settings.factor.file' | transloco
        }}</a>
        <button type="button" class="button button--primary" (click)="kept.emit()">
          {{ 'settings.factor.kept' | transloco }}
        </button>
      </div>
    </section>
  `,
})
export class RecoveryCodeList {
  readonly codes = input.required<readonly string[]>();
  readonly kept = output();
  private readonly auth = inject(Auth);
  protected readonly copying = inject(Copying);
  protected readonly lines = computed(() => this.codes().join('\n'));

  protected file(): string {
    const lines = [`MindFlow · ${this.auth.person()?.email ?? ''}`, '', ...this.codes(), ''];
    return `data:text/plain;charset=utf-8,${encodeURIComponent(lines.join('\n'))}`;
  }
}
