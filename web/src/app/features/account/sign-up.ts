import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  effect,
  inject,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { FailureText } from '@/core/text/failure-text';
import { type Failure, failureOf } from '@/core/failure';
import { Control, Field } from '@/ui/field';

const FIELDS = ['displayName', 'email', 'password'] as const;

@Component({
  selector: 'mf-sign-up',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, RouterLink, TranslocoPipe],
  template: `
    <h1 class="account__title">{{ 'account.signUp.title' | transloco }}</h1>
    <form class="form" (submit)="submit($event)" #form>
      @if (general(); as text) {
        <p class="form__wrong" role="alert">{{ text }}</p>
      }
      <mf-field [label]="'account.name' | transloco" [error]="wrong('displayName')">
        <input mfControl name="displayName" autocomplete="name" required maxlength="100" />
      </mf-field>
      <mf-field [label]="'account.email' | transloco" [error]="wrong('email')">
        <input mfControl type="email" name="email" autocomplete="username" required />
      </mf-field>
      <mf-field
        [label]="'account.password' | transloco"
        [hint]="'account.passwordHint' | transloco"
        [error]="wrong('password')"
      >
        <input mfControl type="password" name="password" autocomplete="new-password" required minlength="8" />
      </mf-field>
      <button class="button button--primary button--wide" [disabled]="busy()">
        {{ 'account.signUp.submit' | transloco }}
      </button>
    </form>
    <p class="account__links">
      <span
        >{{ 'account.signUp.known' | transloco }}
        <a routerLink="/sign-in">{{ 'account.signIn.link' | transloco }}</a></span
      >
    </p>
  `,
})
export class SignUp {
  private readonly auth = inject(Auth);
  private readonly texts = inject(FailureText);
  private readonly form = viewChild.required<ElementRef<HTMLFormElement>>('form');
  private readonly failure = signal<Failure | null>(null);
  protected readonly busy = signal(false);

  constructor() {
    const router = inject(Router);
    effect(() => {
      if (this.auth.state() === 'in') untracked(() => void router.navigateByUrl('/'));
    });
  }

  protected wrong(field: string): string | null {
    return this.texts.ofField(this.failure(), field);
  }

  protected general(): string | null {
    const failure = this.failure();
    return failure === null || FIELDS.some(field => failure.of(field)) ? null : this.texts.of(failure);
  }

  protected async submit(event: Event): Promise<void> {
    event.preventDefault();
    const given = new FormData(this.form().nativeElement);
    const text = (name: string): string => String(given.get(name) ?? '');
    this.busy.set(true);
    this.failure.set(null);
    try {
      await this.auth.signUp(text('email'), text('password'), text('displayName'));
    } catch (error) {
      this.failure.set(failureOf(error));
    } finally {
      this.busy.set(false);
    }
  }
}
