import {
  ChangeDetectionStrategy,
  Component,
  effect,
  inject,
  input,
  model,
  output,
  signal,
  untracked,
} from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { type Failure, failureOf } from '@/core/failure';
import { FailureText } from '@/core/text/failure-text';
import { Dialog } from '@/ui/dialog';
import { Control, Field } from '@/ui/field';

/** Asks for a name, and stays open until what is done with it has succeeded. */
@Component({
  selector: 'mf-name-dialog',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Control, Dialog, Field, TranslocoPipe],
  template: `
    <mf-dialog [(open)]="open" [heading]="heading()">
      <form class="form" id="name-form" (submit)="save($event)">
        <mf-field [label]="'organise.name' | transloco" [error]="wrong()">
          <input
            mfControl
            autocomplete="off"
            [maxLength]="max()"
            [value]="typed()"
            (input)="typed.set($any($event.target).value)"
          />
        </mf-field>
      </form>
      <ng-container actions>
        <button type="button" class="button" (click)="open.set(false)">{{ 'ui.cancel' | transloco }}</button>
        <button type="submit" form="name-form" class="button button--primary" [disabled]="busy()">
          {{ 'ui.save' | transloco }}
        </button>
      </ng-container>
    </mf-dialog>
  `,
})
export class NameDialog {
  readonly open = model(false);
  readonly heading = input.required<string>();
  readonly name = input('');
  readonly max = input(50);
  /** What is done with the name. It throws a `Failure` when it could not be done. */
  readonly action = input.required<(name: string) => Promise<void>>();
  /** The name is another one's. */
  readonly taken = output<string>();
  private readonly texts = inject(FailureText);
  protected readonly typed = signal('');
  protected readonly busy = signal(false);
  protected readonly wrong = signal<string | null>(null);

  constructor() {
    effect(() => {
      if (!this.open()) return;
      untracked(() => {
        this.typed.set(this.name());
        this.wrong.set(null);
      });
    });
  }

  protected async save(event: Event): Promise<void> {
    event.preventDefault();
    this.busy.set(true);
    this.wrong.set(null);
    try {
      await this.action()(this.typed().trim());
      this.open.set(false);
    } catch (error) {
      const failure: Failure = failureOf(error);
      if (failure.code === 'CONFLICT') this.taken.emit(this.typed().trim());
      this.wrong.set(this.texts.ofField(failure, 'name') ?? this.texts.of(failure));
    } finally {
      this.busy.set(false);
    }
  }
}
