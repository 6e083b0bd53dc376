import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import type { Pages } from '@/core/graphql/pages';
import { FailureText } from '@/core/text/failure-text';
import { Skeleton, Trouble } from './states';

/** Below a list that is read page by page: the way to the next page, or why it is not there. What is inside is shown of an empty list. */
@Component({
  selector: 'mf-pages-end',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Skeleton, Trouble, TranslocoPipe],
  template: `
    @if (pages().failure(); as failure) {
      <mf-trouble [text]="texts.of(failure)" (again)="pages().more()" />
    } @else if (pages().isLoading()) {
      <mf-skeleton [lines]="4" />
    } @else if (pages().items().length === 0) {
      <ng-content />
    } @else if (!pages().isDone()) {
      <div class="row__actions">
        <button type="button" class="button" (click)="pages().more()">{{ 'settings.more' | transloco }}</button>
      </div>
    }
  `,
})
export class PagesEnd {
  readonly pages = input.required<Pick<Pages<unknown>, 'failure' | 'isLoading' | 'isDone' | 'items' | 'more'>>();
  protected readonly texts = inject(FailureText);
}
