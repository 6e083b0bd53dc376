import { ChangeDetectionStrategy, Component, Injectable, inject, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Icon } from './icon';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad';
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** How long a toast stays, in milliseconds; one with an action stays longer, one that says of a failure until it is closed. */
const PLAIN_MS = 5_000;
const ACTION_MS = 10_000;
const TOASTS_MAX = 3;

/** Short messages that need no answer. */
@Injectable({ providedIn: 'root' })
export class Toasts {
  private readonly list = signal<readonly Toast[]>([]);
  private last = 0;
  readonly shown = this.list.asReadonly();

  /** `stays`: until it is closed, as what is to be answered at leisure. */
  show(text: string, options: { tone?: Toast['tone']; action?: Toast['action']; stays?: boolean } = {}): number {
    const id = ++this.last;
    const tone = options.tone ?? 'plain';
    const toast: Toast = { id, text, tone, ...(options.action ? { action: options.action } : {}) };
    this.list.update(list => [...list, toast].slice(-TOASTS_MAX));
    if (tone !== 'bad' && !options.stays) setTimeout(() => this.close(id), options.action ? ACTION_MS : PLAIN_MS);
    return id;
  }

  close(id: number): void {
    this.list.update(list => list.filter(toast => toast.id !== id));
  }
}

@Component({
  selector: 'mf-toasts',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  host: { class: 'toasts', role: 'status', 'aria-live': 'polite' },
  template: `
    @for (toast of toasts.shown(); track toast.id) {
      <div class="toast" [class]="'toast--' + toast.tone">
        <span class="toast__text">{{ toast.text }}</span>
        @if (toast.action; as action) {
          <button type="button" class="toast__action" (click)="run(toast)">{{ action.label }}</button>
        }
        <button
          type="button"
          class="icon-button"
          [attr.aria-label]="'ui.close' | transloco"
          (click)="toasts.close(toast.id)"
        >
          <mf-icon name="close" />
        </button>
      </div>
    }
  `,
})
export class ToastList {
  protected readonly toasts = inject(Toasts);

  protected run(toast: Toast): void {
    this.toasts.close(toast.id);
    toast.action?.run();
  }
}
