import { ChangeDetectionStrategy, Component, Directive, computed, inject, input } from '@angular/core';

let last = 0;

/**
 * A label, a control, a hint and what is not right. The control inside carries `mfControl`, which names it for screen readers.
 *
 * `<mf-field [label]="…" [error]="…"><input mfControl …></mf-field>`
 */
@Component({
  selector: 'mf-field',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'field', '[class.field--wrong]': 'error()' },
  template: `
    <label class="field__label" [for]="id">{{ label() }}</label>
    <ng-content />
    @if (hint() && !error()) {
      <p class="field__hint" [id]="id + '-hint'">{{ hint() }}</p>
    }
    <p class="field__error" [id]="id + '-error'" aria-live="polite">{{ error() }}</p>
  `,
})
export class Field {
  readonly label = input.required<string>();
  readonly hint = input<string | null>(null);
  readonly error = input<string | null>(null);
  readonly id = `field-${++last}`;
  readonly described = computed(() => (this.error() ? `${this.id}-error` : this.hint() ? `${this.id}-hint` : null));
}

@Directive({
  selector: '[mfControl]',
  host: {
    class: 'field__control',
    '[id]': 'field.id',
    '[attr.aria-describedby]': 'field.described()',
    '[attr.aria-invalid]': 'field.error() ? true : null',
  },
})
export class Control {
  protected readonly field = inject(Field);
}
