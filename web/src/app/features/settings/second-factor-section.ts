import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { Auth } from '@/core/auth/auth';
import { GraphQL } from '@/core/graphql/graphql';
import {
  BeginTotpDocument,
  type BeginTotpMutation,
  ConfirmTotpDocument,
  DisableTotpDocument,
  RegenerateRecoveryCodesDocument,
} from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Control, Field } from '@/ui/field';
import { QrCode } from './qr-code';
import { RecoveryCodeList } from './recovery-codes';

/** Which form is open. */
type Step = 'none' | 'password' | 'device' | 'codes' | 'remove' | 'renew';

/** One-time passwords of a device: set up in two steps, removed, and the codes for who has lost it. */
@Component({
  selector: 'mf-second-factor-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, QrCode, RecoveryCodeList, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="factor">
      <h2 class="section__heading" id="factor">
        {{ 'settings.factor.heading' | transloco }}
        @if (isOn()) {
          <span class="badge badge--good">{{ 'settings.factor.isOn' | transloco }}</span>
        }
      </h2>
      <p class="section__text">{{ 'settings.factor.text' | transloco }}</p>
      @switch (step()) {
        @case ('none') {
          @if (auth.person()?.emailConfirmed === false) {
            <p class="note">{{ 'settings.factor.confirmFirst' | transloco }}</p>
          } @else if (isOn()) {
            <div class="row__actions">
              <button type="button" class="button" (click)="open('renew')">
                {{ 'settings.factor.renew' | transloco }}
              </button>
              <button type="button" class="button button--quiet" (click)="open('remove')">
                {{ 'settings.factor.remove' | transloco }}
              </button>
            </div>
          } @else {
            <div class="row__actions">
              <button type="button" class="button" (click)="open('password')">
                {{ 'settings.factor.setUp' | transloco }}
              </button>
            </div>
          }
        }
        @case ('password') {
          <form class="form" (submit)="begin($event)">
            <mf-field [label]="'account.password' | transloco" [error]="doing.wrong('password')">
              <input mfControl type="password" name="password" autocomplete="current-password" required />
            </mf-field>
            <div class="row__actions">
              <button class="button button--primary" [disabled]="doing.busy()">
                {{ 'settings.factor.next' | transloco }}
              </button>
              <button type="button" class="button button--quiet" (click)="open('none')">
                {{ 'ui.cancel' | transloco }}
              </button>
            </div>
          </form>
        }
        @case ('device') {
          @if (secret(); as secret) {
            <div class="settings__panel">
              <p>{{ 'settings.factor.scan' | transloco }}</p>
              <mf-qr-code [text]="secret.uri" [label]="'settings.factor.qr' | transloco" />
              <p>
                {{ 'settings.factor.type' | transloco }}
                <code class="settings__secret">{{ spaced(secret.secret) }}</code>
              </p>
              <form class="form" (submit)="confirm($event)">
                <mf-field [label]="'settings.factor.code' | transloco" [error]="doing.wrong('code')">
                  <input mfControl name="code" inputmode="numeric" autocomplete="one-time-code" required />
                </mf-field>
                <div class="row__actions">
                  <button class="button button--primary" [disabled]="doing.busy()">
                    {{ 'settings.factor.confirm' | transloco }}
                  </button>
                  <button type="button" class="button button--quiet" (click)="open('none')">
                    {{ 'ui.cancel' | transloco }}
                  </button>
                </div>
              </form>
            </div>
          }
        }
        @case ('codes') {
          <mf-recovery-codes [codes]="codes()" (kept)="open('none')" />
        }
        @default {
          <form class="form" (submit)="step() === 'remove' ? remove($event) : renew($event)">
            <mf-field [label]="'account.password' | transloco" [error]="doing.wrong('password')">
              <input mfControl type="password" name="password" autocomplete="current-password" required />
            </mf-field>
            <mf-field
              [label]="'settings.factor.code' | transloco"
              [hint]="'settings.factor.codeHint' | transloco"
              [error]="doing.wrong('code')"
            >
              <input mfControl name="code" autocomplete="one-time-code" required />
            </mf-field>
            <div class="row__actions">
              <button
                class="button"
                [class]="step() === 'remove' ? 'button--danger' : 'button--primary'"
                [disabled]="doing.busy()"
              >
                {{ (step() === 'remove' ? 'settings.factor.remove' : 'settings.factor.renew') | transloco }}
              </button>
              <button type="button" class="button button--quiet" (click)="open('none')">
                {{ 'ui.cancel' | transloco }}
              </button>
            </div>
          </form>
        }
      }
    </section>
  `,
})
export class SecondFactorSection {
  protected readonly auth = inject(Auth);
  protected readonly doing = inject(Doing);
  private readonly account = inject(Account);
  private readonly graphql = inject(GraphQL);
  protected readonly step = signal<Step>('none');
  protected readonly secret = signal<BeginTotpMutation['beginTotp']>(null);
  protected readonly codes = signal<readonly string[]>([]);
  protected readonly isOn = computed(() => this.auth.person()?.secondFactor ?? false);

  protected open(step: Step): void {
    this.doing.failure.set(null);
    this.step.set(step);
    if (step === 'device') return;
    // What is shown once is not kept on the page either.
    this.secret.set(null);
    if (step !== 'codes') this.codes.set([]);
  }

  /** In groups of four, as one reads it from a page. */
  protected spaced(secret: string): string {
    return secret.replace(/(.{4})(?=.)/gu, '$1 ');
  }

  protected async begin(event: Event): Promise<void> {
    const { password } = given(event);
    const action = async () => this.secret.set((await this.graphql.mutate(BeginTotpDocument, { password })).beginTotp);
    if (await this.doing.run(action, { fields: ['password'] })) this.open('device');
  }

  protected async confirm(event: Event): Promise<void> {
    const { code } = given(event);
    const action = async () => {
      const { confirmTotp } = await this.graphql.mutate(ConfirmTotpDocument, { code });
      this.codes.set(confirmTotp?.recoveryCodes ?? []);
      this.auth.knows({ secondFactor: true });
    };
    if (await this.doing.run(action, { fields: ['code'], done: 'settings.factor.on' })) this.open('codes');
  }

  protected async remove(event: Event): Promise<void> {
    const variables = given(event);
    const action = async () => {
      await this.graphql.mutate(DisableTotpDocument, variables);
      this.auth.knows({ secondFactor: false });
      await this.account.load();
    };
    if (await this.doing.run(action, { fields: ['password', 'code'], done: 'settings.factor.off' })) this.open('none');
  }

  protected async renew(event: Event): Promise<void> {
    const variables = given(event);
    const action = async () => {
      const answer = await this.graphql.mutate(RegenerateRecoveryCodesDocument, variables);
      this.codes.set(answer.regenerateRecoveryCodes?.recoveryCodes ?? []);
    };
    if (await this.doing.run(action, { fields: ['password', 'code'] })) this.open('codes');
  }
}

function given(event: Event): { password: string; code: string } {
  event.preventDefault();
  const form = new FormData(event.target as HTMLFormElement);
  return { password: String(form.get('password') ?? ''), code: String(form.get('code') ?? '').trim() };
}
