import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { Languages } from '@/core/text/languages';

/** How far something is; without a share it goes on for an unknown time. */
@Component({
  selector: 'mf-progress',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'progress' },
  template: `
    <progress class="progress__bar" [attr.value]="share()" max="1" [attr.aria-label]="label()"></progress>
    @if (share() !== null) {
      <span class="progress__text">{{ percent() }}</span>
    }
  `,
})
export class ProgressBar {
  readonly label = input.required<string>();
  readonly share = input.required<number | null>();
  private readonly languages = inject(Languages);
  protected readonly percent = computed(() =>
    new Intl.NumberFormat(this.languages.locale(), { style: 'percent' }).format(this.share() ?? 0),
  );
}
