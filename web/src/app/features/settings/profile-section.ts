import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  computed,
  inject,
  signal,
  viewChild,
} from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Account } from '@/core/auth/account';
import { Auth } from '@/core/auth/auth';
import { type Failure, failureOf } from '@/core/failure';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { Dates } from '@/core/time/dates';
import { UpdateProfileDocument } from '@/gql/generated';
import { Control, Field } from '@/ui/field';
import { Toasts } from '@/ui/toasts';

@Component({
  selector: 'mf-profile-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Field, Control, TranslocoPipe],
  template: `
    <section class="section" aria-labelledby="profile">
      <h2 class="section__heading" id="profile">{{ 'settings.profile' | transloco }}</h2>
      <form class="form" (submit)="save($event)" #form>
        <mf-field [label]="'account.name' | transloco" [error]="texts.ofField(failure(), 'displayName')">
          <input mfControl name="displayName" autocomplete="name" required [value]="auth.person()?.displayName ?? ''" />
        </mf-field>
        <mf-field
          [label]="'settings.zone' | transloco"
          [hint]="'settings.zoneHint' | transloco"
          [error]="texts.ofField(failure(), 'timezone')"
        >
          <input
            mfControl
            name="timezone"
            list="zones"
            autocomplete="off"
            required
            [value]="auth.person()?.timezone ?? ''"
          />
        </mf-field>
        <datalist id="zones">
          @for (zone of zones; track zone) {
            <option [value]="zone"></option>
          }
        </datalist>
        @if (quota(); as text) {
          <p class="section__text">{{ text }}</p>
        }
        <button class="button button--primary" [disabled]="busy()">{{ 'ui.save' | transloco }}</button>
      </form>
    </section>
  `,
})
export class ProfileSection {
  protected readonly auth = inject(Auth);
  protected readonly texts = inject(FailureText);
  private readonly account = inject(Account);
  private readonly graphql = inject(GraphQL);
  private readonly dates = inject(Dates);
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);
  private readonly form = viewChild.required<ElementRef<HTMLFormElement>>('form');
  protected readonly busy = signal(false);
  protected readonly failure = signal<Failure | null>(null);
  protected readonly zones: readonly string[] = Intl.supportedValuesOf('timeZone');
  protected readonly quota = computed(() => {
    const quota = this.account.me()?.quota;
    if (!quota) return null;
    if (quota.limit === null) return this.transloco.translate('settings.quotaFree', { used: quota.used });
    const resets = quota.resetsAt ? this.dates.shortDay(quota.resetsAt.slice(0, 10)) : '';
    return this.transloco.translate('settings.quota', { used: quota.used, limit: quota.limit, resets });
  });

  protected async save(event: Event): Promise<void> {
    event.preventDefault();
    const given = new FormData(this.form().nativeElement);
    this.busy.set(true);
    this.failure.set(null);
    try {
      const displayName = String(given.get('displayName') ?? '');
      const timezone = String(given.get('timezone') ?? '');
      await this.graphql.mutate(UpdateProfileDocument, { displayName, timezone });
      await this.account.load();
      this.toasts.show(this.transloco.translate('ui.saved'), { tone: 'good' });
    } catch (error) {
      const failure = failureOf(error);
      this.failure.set(failure);
      if (!failure.of('displayName') && !failure.of('timezone'))
        this.toasts.show(this.texts.of(failure), { tone: 'bad' });
    } finally {
      this.busy.set(false);
    }
  }
}
