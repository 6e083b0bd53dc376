import { ChangeDetectionStrategy, Component, computed, inject, resource } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { Dates } from '@/core/time/dates';
import { EndOtherSessionsDocument, EndSessionDocument, SessionsDocument, type SessionsQuery } from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { Doing } from '@/ui/doing';
import { Skeleton, Trouble } from '@/ui/states';

type Session = NonNullable<SessionsQuery['sessions']>[number];

/** Where the user is signed in. */
@Component({
  selector: 'mf-sessions-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Skeleton, Trouble, TranslocoPipe],
  providers: [Doing],
  template: `
    <section class="section" aria-labelledby="sessions">
      <h2 class="section__heading" id="sessions">{{ 'settings.sessions.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.sessions.text' | transloco }}</p>
      @if (sessions.hasValue()) {
        <ul class="rows">
          @for (session of sessions.value(); track session.id) {
            <li class="row">
              <div class="row__text">
                <span class="row__title" [title]="session.userAgent ?? ''">
                  {{ deviceOf(session) }}
                  @if (session.current) {
                    <span class="badge badge--good">{{ 'settings.sessions.current' | transloco }}</span>
                  }
                </span>
                <span class="row__note">
                  {{
                    'settings.sessions.times'
                      | transloco: { used: dates.ago(session.lastUsedAt), since: dates.moment(session.createdAt) }
                  }}
                </span>
              </div>
              @if (!session.current) {
                <button
                  type="button"
                  class="button button--small"
                  [disabled]="doing.busy()"
                  [attr.aria-label]="'settings.sessions.endNamed' | transloco: { device: deviceOf(session) }"
                  (click)="end(session.id)"
                >
                  {{ 'settings.sessions.end' | transloco }}
                </button>
              }
            </li>
          }
        </ul>
        @if (others() > 0) {
          <div class="row__actions">
            <button type="button" class="button" [disabled]="doing.busy()" (click)="endOthers()">
              {{ 'settings.sessions.endOthers' | transloco }}
            </button>
          </div>
        }
      } @else if (sessions.error(); as error) {
        <mf-trouble [text]="texts.of(error)" (again)="sessions.reload()" />
      } @else {
        <mf-skeleton />
      }
    </section>
  `,
})
export class SessionsSection {
  private readonly graphql = inject(GraphQL);
  private readonly confirm = inject(Confirm);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  protected readonly sessions = resource({
    loader: async ({ abortSignal }) =>
      (await this.graphql.query(SessionsDocument, {}, { signal: abortSignal })).sessions ?? [],
  });
  protected readonly others = computed(() =>
    this.sessions.hasValue() ? this.sessions.value().filter(session => !session.current).length : 0,
  );

  protected deviceOf({ browser, platform }: Session): string {
    if (browser && platform) return this.transloco.translate('settings.sessions.device', { browser, platform });
    return browser ?? platform ?? this.transloco.translate('settings.sessions.unknown');
  }

  protected async end(id: string): Promise<void> {
    await this.doing.run(() => this.graphql.mutate(EndSessionDocument, { id }), { done: 'settings.sessions.ended' });
    this.sessions.reload();
  }

  protected async endOthers(): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('settings.sessions.endOthers'),
      text: this.transloco.translate('settings.sessions.endOthersText'),
      confirm: this.transloco.translate('settings.sessions.end'),
    });
    if (!sure) return;
    await this.doing.run(() => this.graphql.mutate(EndOtherSessionsDocument, {}), { done: 'settings.sessions.ended' });
    this.sessions.reload();
  }
}
