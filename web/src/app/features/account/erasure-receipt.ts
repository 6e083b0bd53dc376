import { ChangeDetectionStrategy, Component, inject, input, resource } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { known } from '@/core/text/known';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import { ErasureReceiptDocument } from '@/gql/generated';
import { Skeleton, Trouble } from '@/ui/states';

/** What was deleted of an account or an entry. It needs no session, because there is none any more. */
@Component({
  selector: 'mf-erasure-receipt',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Skeleton, Trouble, PluralPipe, TranslocoPipe],
  template: `
    <h1 class="account__title">{{ 'account.receipt.title' | transloco }}</h1>
    @if (receipt.hasValue()) {
      @if (receipt.value(); as shown) {
        <dl class="receipt">
          <dt>{{ 'account.receipt.requested' | transloco }}</dt>
          <dd>{{ dates.moment(shown.requestedAt) }}</dd>
          <dt>{{ 'account.receipt.due' | transloco }}</dt>
          <dd>{{ dates.moment(shown.dueAt) }}</dd>
          <dt>{{ 'account.receipt.keys' | transloco }}</dt>
          <dd>
            {{ shown.keysDestroyedAt ? dates.moment(shown.keysDestroyedAt) : ('account.receipt.notYet' | transloco) }}
          </dd>
          <dt>{{ 'account.receipt.completed' | transloco }}</dt>
          <dd>
            {{ shown.completedAt ? dates.moment(shown.completedAt) : ('account.receipt.notYet' | transloco) }}
          </dd>
        </dl>
        @if (shown.waiting.length > 0) {
          <p>{{ 'account.receipt.waiting' | transloco: { services: shown.waiting.join(', ') } }}</p>
        }
        @if (shown.erased.length > 0) {
          <h2 class="settings__subheading">{{ 'account.receipt.erased' | transloco }}</h2>
          <ul>
            @for (store of shown.erased; track store.service + store.store) {
              <li>
                <code>{{ store.service }}</code> {{ store.store }}:
                {{ 'account.receipt.records' | mfPlural: store.count }}
              </li>
            }
          </ul>
        }
        @if (shown.remains.length > 0) {
          <h2 class="settings__subheading">{{ 'account.receipt.remains' | transloco }}</h2>
          <ul>
            @for (text of shown.remains; track text) {
              <li>{{ kept(text) }}</li>
            }
          </ul>
        }
        @if (shown.signed; as signed) {
          <a class="button button--wide" [href]="file(signed)" download="mindflow-receipt.jws">{{
            'account.receipt.signed' | transloco
          }}</a>
        }
      } @else {
        <p class="form__wrong" role="alert">{{ 'account.receipt.none' | transloco }}</p>
      }
    } @else if (receipt.error(); as error) {
      <mf-trouble [text]="texts.of(error)" (again)="receipt.reload()" />
    } @else {
      <mf-skeleton [lines]="5" />
    }
  `,
})
export class ErasureReceipt {
  readonly id = input.required<string>();
  private readonly graphql = inject(GraphQL);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  protected readonly receipt = resource({
    params: () => ({ id: this.id() }),
    loader: async ({ params, abortSignal }) =>
      (await this.graphql.query(ErasureReceiptDocument, params, { signal: abortSignal })).erasureReceipt,
  });

  /** What a receipt names has a fixed form, since it is signed. */
  protected kept(text: string): string {
    return known(this.transloco, `account.receipt.kept.${text.replaceAll(' ', '-')}`) ?? text;
  }

  protected file(text: string): string {
    return `data:application/jose,${encodeURIComponent(text)}`;
  }
}
