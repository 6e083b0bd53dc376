import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { GraphQL } from '@/core/graphql/graphql';
import { ChangePasswordDocument } from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';

@Component({
  selector: 'mf-password-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="password">
      <h2 class="section__heading" id="password">{{ 'settings.password.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.password.text' | transloco }}</p>
      <form class="form" (submit)="change($event)">
        <!-- So that a password manager knows of which account it is. -->
        <input type="hidden" name="username" autocomplete="username" [value]="auth.person()?.email" />
        <mf-field [label]="'settings.password.current' | transloco" [error]="doing.wrong('currentPassword')">
          <input mfControl type="password" name="currentPassword" autocomplete="current-password" required />
        </mf-field>
        <mf-field
          [label]="'settings.password.next' | transloco"
          [hint]="'account.passwordHint' | transloco"
          [error]="doing.wrong('newPassword')"
        >
          <input mfControl type="password" name="newPassword" autocomplete="new-password" required minlength="8" />
        </mf-field>
        <button class="button button--primary" [disabled]="doing.busy()">
          {{ 'settings.password.submit' | transloco }}
        </button>
      </form>
    </section>
  `,
})
export class PasswordSection {
  protected readonly auth = inject(Auth);
  protected readonly doing = inject(Doing);
  private readonly graphql = inject(GraphQL);

  protected async change(event: Event): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    const input = {
      currentPassword: String(given.get('currentPassword') ?? ''),
      newPassword: String(given.get('newPassword') ?? ''),
    };
    const done = await this.doing.run(() => this.graphql.mutate(ChangePasswordDocument, { input }), {
      fields: ['currentPassword', 'newPassword'],
      done: 'settings.password.done',
    });
    if (done) form.reset();
  }
}
