import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  afterNextRender,
  computed,
  effect,
  inject,
  input,
  linkedSignal,
  resource,
  signal,
  viewChild,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { failureOf } from '@/core/failure';
import { GraphQL } from '@/core/graphql/graphql';
import { Reachability } from '@/core/graphql/reachability';
import { Entries } from '@/core/journal/entries';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { SearchDocument, type SearchMode, type SearchQuery } from '@/gql/generated';
import { Doing } from '@/ui/doing';
import { Icon } from '@/ui/icon';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { typingPause } from '@/ui/typing-pause';
import { isByMeaning } from './by-meaning';
import { keptSearch } from './kept-search';
import { type Hit, SearchHit } from './search-hit';

interface Found extends Pick<NonNullable<SearchQuery['search']>, 'totalCount' | 'pageInfo'> {
  readonly hits: readonly Hit[];
  /** Found on this device, because the platform did not answer. */
  readonly isKept?: boolean;
}

const TYPING_MS = 250;
const HITS_MAX = 30;
const MODES: readonly SearchMode[] = ['HYBRID', 'FULL_TEXT', 'SEMANTIC'];
/** What the address says of a mode; of the first one nothing. */
const WORDS_OF_MODES: Readonly<Record<SearchMode, string | null>> = {
  HYBRID: null,
  FULL_TEXT: 'words',
  SEMANTIC: 'meaning',
};

/** Search as one types, by words and by meaning. */
@Component({
  selector: 'mf-search-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, TranslocoPipe, PluralPipe, Icon, SearchHit, Empty, Skeleton, Trouble],
  providers: [Doing],
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
            <input type="radio" name="mode" [checked]="mode() === each" (change)="look(each)" />
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
                <button
                  type="button"
                  class="search__example"
                  [attr.aria-label]="
                    'search.use' | transloco: { example: ('search.help.' + each + '.example' | transloco) }
                  "
                  (click)="add('search.help.' + each + '.example')"
                >
                  <code>{{ 'search.help.' + each + '.example' | transloco }}</code>
                </button>
              </dt>
              <dd>{{ 'search.help.' + each + '.text' | transloco }}</dd>
            </div>
          }
        </dl>
      </details>
    </form>
    @if (withoutMeaning(); as why) {
      <p class="note" role="alert">
        <mf-icon name="info" /><span
          >{{ 'search.' + why | transloco }}
          @if (why === 'semanticOff') {
            <a routerLink="/settings/privacy">{{ 'search.toConsent' | transloco }}</a>
          }
        </span>
      </p>
    } @else if (found.error(); as error) {
      <mf-trouble [text]="texts.of(error)" (again)="found.reload()" />
    }
    <p class="page__lead" role="status">
      @if (hits(); as hits) {
        {{ 'search.found' | mfPlural: hits.totalCount }}
      }
    </p>
    @if (hits(); as hits) {
      @if (hits.isKept) {
        <p class="note">
          <mf-icon name="cloud-off" /><span>{{ 'search.kept' | transloco }}</span>
        </p>
      }
      <ul class="hits">
        @for (hit of hits.hits; track hit.entry.id) {
          <li class="hit"><mf-search-hit [hit]="hit" /></li>
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
      @if (hits.pageInfo.hasNextPage) {
        <div class="row__actions">
          <button type="button" class="button" [disabled]="doing.busy()" (click)="more()">
            {{ 'search.more' | transloco }}
          </button>
        </div>
      }
    } @else if (found.isLoading()) {
      <mf-skeleton [lines]="6" />
    }
  `,
})
export class SearchPage {
  /** What is searched for, as in the address. */
  readonly q = input<string>();
  /** By what, as in the address. */
  readonly by = input<string>();

  private readonly graphql = inject(GraphQL);
  private readonly entries = inject(Entries);
  private readonly reachability = inject(Reachability);
  private readonly router = inject(Router);
  private readonly transloco = inject(TranslocoService);
  protected readonly texts = inject(FailureText);
  protected readonly doing = inject(Doing);
  private readonly box = viewChild.required<ElementRef<HTMLInputElement>>('box');
  protected readonly modes = MODES;
  protected readonly help = ['words', 'phrase', 'not', 'tag', 'dates'] as const;
  protected readonly typed = signal('');
  protected readonly mode = computed(
    () => MODES.find(each => WORDS_OF_MODES[each] === (this.by() ?? null)) ?? 'HYBRID',
  );
  private readonly pause = typingPause(TYPING_MS);
  /** What this page has put into the address: it takes nothing from what was typed since, blanks at the end among it. */
  private looked = '';

  protected readonly found = resource({
    params: () => {
      const query = this.q()?.trim();
      return query ? { query, mode: this.mode(), online: this.reachability.online() } : undefined;
    },
    loader: ({ params, abortSignal }) => this.search(params.query, params.mode, abortSignal),
  });
  /** The last answer stays until the next one is there, so that the page does not flicker while one types. */
  protected readonly hits = linkedSignal<Found | null | undefined, Found | null>({
    source: () => (this.found.hasValue() ? this.found.value() : this.found.isLoading() ? undefined : null),
    computation: (found, before) => (found === undefined ? (before?.value ?? null) : found),
  });
  /** Why there is no search by meaning alone: outside services may not read the user's entries, or there is no model. */
  protected readonly withoutMeaning = computed(() => {
    const error = this.found.error();
    if (error === undefined) return null;
    const failure = failureOf(error);
    if (failure.code === 'FORBIDDEN') return 'semanticOff';
    return failure.hasRule('unsupported') ? 'noModel' : null;
  });

  constructor() {
    afterNextRender(() => this.box().nativeElement.focus());
    effect(() => {
      const q = this.q() ?? '';
      if (q !== this.looked) this.typed.set(q);
    });
  }

  private async search(query: string, mode: SearchMode, signal: AbortSignal): Promise<Found | null> {
    try {
      return await this.page(query, mode, null, signal);
    } catch (error) {
      // A service worker without a network answers for the platform, with a status that says so.
      if (signal.aborted || (failureOf(error).code !== 'OFFLINE' && this.reachability.online())) throw error;
      const kept = (await this.entries.keptHere({})).filter(keptSearch(query));
      return {
        hits: kept.slice(0, HITS_MAX).map(entry => ({ entry, highlights: [] })),
        totalCount: kept.length,
        pageInfo: { hasNextPage: false, endCursor: null },
        isKept: true,
      };
    }
  }

  private async page(
    query: string,
    mode: SearchMode,
    after: string | null,
    signal?: AbortSignal,
  ): Promise<Found | null> {
    const variables = { query, mode, limit: HITS_MAX, after };
    const { search } = await this.graphql.query(SearchDocument, variables, { signal });
    const isMeant = isByMeaning(query, mode);
    return search && { ...search, hits: search.hits.map(hit => ({ ...hit, isByMeaning: isMeant(hit) })) };
  }

  /** Examples can be used: what is typed already stays before them. */
  protected add(key: string): void {
    const example = this.transloco.translate(key);
    this.typed.update(typed => `${typed.trim()} ${example}`.trim());
    this.box().nativeElement.focus();
    this.look();
  }

  protected async more(): Promise<void> {
    const before = this.hits();
    const query = this.q()?.trim();
    if (!before || !query) return;
    await this.doing.run(async () => {
      const next = await this.page(query, this.mode(), before.pageInfo.endCursor ?? null);
      // Something else may have been searched for meanwhile.
      if (next && this.hits() === before) this.hits.set({ ...next, hits: [...before.hits, ...next.hits] });
    });
  }

  protected type(text: string): void {
    this.typed.set(text);
    this.pause.set(() => this.look());
  }

  protected look(mode = this.mode()): void {
    this.pause.clear();
    const q = this.typed().trim() || null;
    this.looked = q ?? '';
    void this.router.navigate([], { queryParams: { q, by: WORDS_OF_MODES[mode] }, replaceUrl: true });
  }
}
