import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  afterNextRender,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { failureOf } from '@/core/failure';
import { FailureText } from '@/core/text/failure-text';
import { Control, Field } from '@/ui/field';

/** Both steps of a sign-in: the password, then a code where the account has a second factor. */
@Component({
  selector: 'mf-sign-in-form',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, TranslocoPipe],
  template: `
    <form class="form" (submit)="submit($event)" #form>
      @if (error(); as text) {
        <p class="form__wrong" role="alert">{{ text }}</p>
      }
      @if (challenge() === null) {
        <mf-field [label]="'account.email' | transloco">
          <input
            mfControl
            type="email"
            name="email"
            autocomplete="username"
            required
            [value]="email() ?? auth.lastEmail"
            [readOnly]="email() !== null"
          />
        </mf-field>
        <mf-field [label]="'account.password' | transloco">
          <input mfControl type="password" name="password" autocomplete="current-password" required />
        </mf-field>
      } @else {
        <p>{{ 'account.code.text' | transloco }}</p>
        <mf-field [label]="'account.code.label' | transloco" [hint]="'account.code.hint' | transloco">
          <input mfControl name="code" inputmode="text" autocomplete="one-time-code" required />
        </mf-field>
      }
      <button class="button button--primary button--wide" [disabled]="busy()">
        {{ 'account.signIn.submit' | transloco }}
      </button>
    </form>
  `,
})
export class SignInForm {
  /** Whose session it is, if that is known already. */
  readonly email = input<string | null>(null);
  readonly done = output();

  protected readonly auth = inject(Auth);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);
  private readonly form = viewChild.required<ElementRef<HTMLFormElement>>('form');
  protected readonly challenge = signal<string | null>(null);
  protected readonly busy = signal(false);
  protected readonly error = signal<string | null>(null);

  constructor() {
    afterNextRender(() => {
      if (this.email() === null) return;
      // Behind the dialog, which shows itself in the same turn.
      setTimeout(() => this.form().nativeElement.querySelector<HTMLInputElement>('[name=password]')?.focus());
    });
  }

  protected async submit(event: Event): Promise<void> {
    event.preventDefault();
    const given = new FormData(this.form().nativeElement);
    const text = (name: string): string => String(given.get(name) ?? '');
    this.busy.set(true);
    this.error.set(null);
    try {
      const challenge = this.challenge();
      if (challenge === null) {
        const next = await this.auth.signIn(text('email'), text('password'));
        if (next) {
          this.challenge.set(next.challenge);
          setTimeout(() => this.form().nativeElement.querySelector<HTMLInputElement>('[name=code]')?.focus());
          return;
        }
      } else {
        await this.auth.completeSignIn(challenge, text('code').trim());
      }
      this.done.emit();
    } catch (error) {
      this.refused(error);
    } finally {
      this.busy.set(false);
    }
  }

  private refused(error: unknown): void {
    const failure = failureOf(error);
    if (failure.code !== 'UNAUTHENTICATED') return this.error.set(this.texts.of(error));
    const step = this.challenge() === null ? 'account.signIn.wrong' : 'account.code.wrong';
    this.error.set(this.transloco.translate(step));
  }
}
