import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  afterNextRender,
  computed,
  effect,
  inject,
  input,
  resource,
  signal,
  viewChild,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { GraphQL } from '@/core/graphql/graphql';
import { FailureText } from '@/core/text/failure-text';
import { highlighted } from '@/core/text/highlights';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import { SearchDocument, type SearchMode } from '@/gql/generated';
import { Icon } from '@/ui/icon';
import { MoodLabel } from '@/ui/mood';
import { Empty, Skeleton, Trouble } from '@/ui/states';

const TYPING_MS = 250;
const HITS_MAX = 50;
const MODES: readonly SearchMode[] = ['HYBRID', 'FULL_TEXT', 'SEMANTIC'];

/** Search as one types, by words and by meaning. */
@Component({
  selector: 'mf-search-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe, PluralPipe, Icon, MoodLabel, Empty, Skeleton, Trouble],
  host: { class: 'page' },
  template: `
    <h1 class="page__title">{{ 'nav.search' | transloco }}</h1>
    <form class="search" role="search" (submit)="$event.preventDefault(); look()">
      <label class="search__box">
        <mf-icon name="search" />
        <span class="visually-hidden">{{ 'search.label' | transloco }}</span>
        <input
          #box
          type="search"
          autocomplete="off"
          [placeholder]="'search.placeholder' | transloco"
          [value]="typed()"
          (input)="type($any($event.target).value)"
        />
      </label>
      <fieldset class="segments">
        <legend class="visually-hidden">{{ 'search.mode' | transloco }}</legend>
        @for (each of modes; track each) {
          <label class="segment">
            <input type="radio" name="mode" [checked]="mode() === each" (change)="mode.set(each)" />
            <span>{{ 'search.modes.' + each | transloco }}</span>
          </label>
        }
      </fieldset>
      <details class="search__help">
        <summary>{{ 'search.help.title' | transloco }}</summary>
        <dl class="sheet">
          @for (each of help; track each) {
            <div class="sheet__row">
              <dt>
                <code>{{ 'search.help.' + each + '.example' | transloco }}</code>
              </dt>
              <dd>{{ 'search.help.' + each + '.text' | transloco }}</dd>
            </div>
          }
        </dl>
      </details>
    </form>
    <div aria-live="polite">
      @if (found.error(); as error) {
        <mf-trouble [text]="texts.of(error)" (again)="found.reload()" />
      } @else if (hits(); as hits) {
        <p class="page__lead">{{ 'search.found' | mfPlural: hits.totalCount }}</p>
        <ul class="hits">
          @for (hit of hits.hits; track hit.entry.id) {
            <li class="hit">
              <h2 class="card__title">
                <a class="card__link" [routerLink]="['/entries', hit.entry.id]">{{ hit.entry.title }}</a>
              </h2>
              @for (highlight of hit.highlights; track $index) {
                <p class="card__excerpt">
                  @for (part of parts(highlight); track $index) {
                    @if (part.isFound) {
                      <mark>{{ part.text }}</mark>
                    } @else {
                      {{ part.text }}
                    }
                  }
                </p>
              }
              <p class="card__meta">
                <span>{{ dates.shortDay(hit.entry.entryDate) }}</span>
                @if (hit.entry.mood; as mood) {
                  <mf-mood [mood]="mood" />
                }
              </p>
            </li>
          } @empty {
            <li>
              <mf-empty
                icon="search"
                [heading]="'search.nothing' | transloco"
                [text]="'search.nothingText' | transloco"
              />
            </li>
          }
        </ul>
      } @else if (found.isLoading()) {
        <mf-skeleton [lines]="6" />
      }
    </div>
  `,
})
export class SearchPage {
  /** What is searched for, as in the address. */
  readonly q = input<string>();

  private readonly graphql = inject(GraphQL);
  private readonly router = inject(Router);
  protected readonly texts = inject(FailureText);
  protected readonly dates = inject(Dates);
  private readonly box = viewChild.required<ElementRef<HTMLInputElement>>('box');
  protected readonly modes = MODES;
  protected readonly help = ['words', 'phrase', 'not', 'tag', 'dates'] as const;
  protected readonly typed = signal('');
  protected readonly mode = signal<SearchMode>('HYBRID');
  private timer: ReturnType<typeof setTimeout> | undefined;

  protected readonly found = resource({
    params: () => {
      const query = this.q()?.trim();
      return query ? { query, mode: this.mode() } : undefined;
    },
    loader: async ({ params, abortSignal }) => {
      const { search } = await this.graphql.query(
        SearchDocument,
        { ...params, limit: HITS_MAX },
        { signal: abortSignal },
      );
      return search;
    },
  });
  /** The last answer stays until the next one is there. */
  protected readonly hits = computed(() => (this.found.hasValue() ? this.found.value() : null));
  protected readonly parts = highlighted;

  constructor() {
    afterNextRender(() => this.box().nativeElement.focus());
    effect(() => this.typed.set(this.q() ?? ''));
  }

  protected type(text: string): void {
    this.typed.set(text);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), TYPING_MS);
  }

  protected look(): void {
    clearTimeout(this.timer);
    const q = this.typed().trim() || null;
    void this.router.navigate([], { queryParams: { q }, replaceUrl: true });
  }
}
