import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { Leaving } from '@/core/auth/leaving';
import { Dialog } from '@/ui/dialog';
import { SignInForm } from './sign-in-form';

/** Over the page whose session has ended. What is on the page stays as it is, and goes on when the same person is back. */
@Component({
  selector: 'mf-sign-in-again',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Dialog, SignInForm, TranslocoPipe],
  template: `
    <mf-dialog [open]="isOpen()" [closable]="false" [heading]="'account.again.heading' | transloco">
      <p>{{ 'account.again.text' | transloco }}</p>
      @if (isOpen()) {
        <mf-sign-in-form [email]="auth.person()?.email ?? null" />
      }
      <button type="button" class="button button--quiet button--wide" (click)="leaving.signOut()">
        {{ 'account.again.leave' | transloco }}
      </button>
    </mf-dialog>
  `,
})
export class SignInAgain {
  protected readonly auth = inject(Auth);
  protected readonly leaving = inject(Leaving);
  protected readonly isOpen = computed(() => this.auth.state() === 'expired');
}
