import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  afterRenderEffect,
  booleanAttribute,
  input,
  model,
  output,
  viewChild,
} from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Icon } from './icon';

let last = 0;

/**
 * A modal dialog on the browser's own `<dialog>`, which keeps the focus, closes by Escape and gives the focus back.
 *
 * `<mf-dialog [(open)]="isOpen" [heading]="…"> … <ng-container actions><button …></ng-container></mf-dialog>`
 */
@Component({
  selector: 'mf-dialog',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  template: `
    <!-- eslint-disable-next-line @angular-eslint/template/click-events-have-key-events, @angular-eslint/template/interactive-supports-focus -- Escape does the same -->
    <dialog
      #dialog
      class="dialog"
      [class.dialog--wide]="wide()"
      [attr.aria-labelledby]="id"
      (close)="open.set(false)"
      (cancel)="cancelled($event)"
      (click)="outside($event)"
    >
      @if (open()) {
        <div class="dialog__inner">
          <header class="dialog__head">
            <h2 class="dialog__heading" [id]="id">{{ heading() }}</h2>
            @if (closable()) {
              <button type="button" class="icon-button" [attr.aria-label]="'ui.close' | transloco" (click)="close()">
                <mf-icon name="close" />
              </button>
            }
          </header>
          <div class="dialog__body"><ng-content /></div>
          <footer class="dialog__actions"><ng-content select="[actions]" /></footer>
        </div>
      }
    </dialog>
  `,
})
export class Dialog {
  readonly open = model(false);
  readonly heading = input.required<string>();
  readonly wide = input(false, { transform: booleanAttribute });
  /** Whether it can be left without an answer. */
  readonly closable = input(true);
  readonly dismissed = output();

  protected readonly id = `dialog-${++last}`;
  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');

  constructor() {
    // Behind its contents, one of which gets the focus.
    afterRenderEffect(() => {
      const element = this.dialog().nativeElement;
      if (this.open() && !element.open) element.showModal?.();
      if (!this.open() && element.open) element.close();
    });
  }

  protected close(): void {
    this.open.set(false);
    this.dismissed.emit();
  }

  protected cancelled(event: Event): void {
    if (this.closable()) this.dismissed.emit();
    else event.preventDefault();
  }

  protected outside(event: MouseEvent): void {
    if (this.closable() && event.target === this.dialog().nativeElement) this.close();
  }
}
