import { ChangeDetectionStrategy, Component, Injectable, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NavigationStart, Router } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Dialog } from './dialog';

export interface Question {
  readonly heading: string;
  readonly text: string;
  /** What the button says that does it. */
  readonly confirm: string;
  readonly danger?: boolean;
}

/** Asks before something that is hard to take back. Who goes to another page meanwhile, as by the browser's way back, has not agreed. */
@Injectable({ providedIn: 'root' })
export class Confirm {
  readonly question = signal<Question | null>(null);
  private answer: ((confirmed: boolean) => void) | null = null;

  constructor() {
    inject(Router)
      .events.pipe(takeUntilDestroyed())
      .subscribe(event => {
        if (event instanceof NavigationStart) this.settle(false);
      });
  }

  ask(question: Question): Promise<boolean> {
    this.settle(false);
    this.question.set(question);
    return new Promise(resolve => (this.answer = resolve));
  }

  settle(confirmed: boolean): void {
    this.question.set(null);
    this.answer?.(confirmed);
    this.answer = null;
  }
}

@Component({
  selector: 'mf-confirm',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Dialog, TranslocoPipe],
  template: `
    <mf-dialog [open]="isOpen()" (openChange)="changed($event)" [heading]="confirm.question()?.heading ?? ''">
      <p>{{ confirm.question()?.text }}</p>
      <ng-container actions>
        <button type="button" class="button" (click)="confirm.settle(false)">{{ 'ui.cancel' | transloco }}</button>
        <button
          type="button"
          class="button"
          [class]="confirm.question()?.danger ? 'button--danger' : 'button--primary'"
          (click)="confirm.settle(true)"
        >
          {{ confirm.question()?.confirm }}
        </button>
      </ng-container>
    </mf-dialog>
  `,
})
export class ConfirmDialog {
  protected readonly confirm = inject(Confirm);
  protected readonly isOpen = computed(() => this.confirm.question() !== null);

  protected changed(open: boolean): void {
    if (!open) this.confirm.settle(false);
  }
}
