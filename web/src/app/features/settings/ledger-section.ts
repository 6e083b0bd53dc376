import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { Sizes } from '@/core/text/sizes';
import { Dates } from '@/core/time/dates';
import { Pages } from '@/core/graphql/pages';
import { AiLedgerDocument } from '@/gql/generated';
import { PagesEnd } from '@/ui/pages-end';

const PAGE = 25;

/** Every request that has carried a text of the user's outside. */
@Component({
  selector: 'mf-ledger-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, PagesEnd, TranslocoPipe],
  template: `
    <section class="section" aria-labelledby="ledger">
      <h2 class="section__heading" id="ledger">{{ 'settings.ledger.heading' | transloco }}</h2>
      <p class="section__text">{{ 'settings.ledger.text' | transloco }}</p>
      @if (pages.items().length > 0) {
        <div class="table-wrap" tabindex="0" role="region" aria-labelledby="ledger">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{{ 'settings.ledger.at' | transloco }}</th>
                <th scope="col">{{ 'settings.ledger.what' | transloco }}</th>
                <th scope="col">{{ 'settings.ledger.host' | transloco }}</th>
                <th scope="col" class="table__number">{{ 'settings.ledger.bytes' | transloco }}</th>
              </tr>
            </thead>
            <tbody>
              @for (item of pages.items(); track item.id) {
                <tr>
                  <td class="table__short">{{ dates.moment(item.at) }}</td>
                  <td>
                    {{ 'settings.ledger.purpose.' + item.purpose | transloco }}
                    @if (item.entryId; as entryId) {
                      <a [routerLink]="['/entries', entryId]">{{ 'settings.ledger.entry' | transloco }}</a>
                    }
                  </td>
                  <td>
                    {{ item.host }}
                    @if (item.model; as model) {
                      <span class="row__note">({{ model }})</span>
                    }
                  </td>
                  <td class="table__number">{{ sizes.of(item.bytes) }}</td>
                </tr>
              }
            </tbody>
          </table>
        </div>
      }
      <mf-pages-end [pages]="pages">
        <p>{{ 'settings.ledger.none' | transloco }}</p>
      </mf-pages-end>
    </section>
  `,
})
export class LedgerSection {
  private readonly graphql = inject(GraphQL);
  protected readonly dates = inject(Dates);
  protected readonly sizes = inject(Sizes);
  protected readonly pages = new Pages(
    async after => (await this.graphql.query(AiLedgerDocument, { first: PAGE, after })).aiLedger,
  );

  constructor() {
    void this.pages.more();
  }
}
