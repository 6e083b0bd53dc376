import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  EnvironmentInjector,
  computed,
  effect,
  inject,
  untracked,
  viewChild,
} from '@angular/core';
import { NgComponentOutlet } from '@angular/common';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { filter, skip } from 'rxjs';
import { Auth } from '../core/auth/auth';
import { Entries } from '../core/journal/entries';
import { Account } from '../core/auth/account';
import { Icon } from '../ui/icon';
import { whenWanted } from '../ui/when-wanted';
import { InsightToasts } from './insight-toasts';
import { PLACES } from './navigation';
import { Shortcuts } from './shortcuts';
import { StatusLine } from './status-line';
import { Updates } from './updates';
import { ConfirmBanner } from './confirm-banner';

/** The frame of all pages of who is signed in. */
@Component({
  selector: 'mf-shell',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [
    NgComponentOutlet,
    RouterOutlet,
    RouterLink,
    RouterLinkActive,
    TranslocoPipe,
    Icon,
    StatusLine,
    ConfirmBanner,
  ],
  host: { class: 'shell' },
  template: `
    <a class="skip-link" href="#content" (click)="skip($event)">{{ 'nav.skip' | transloco }}</a>
    <header class="sidebar">
      <a class="brand" routerLink="/">
        <img class="brand__mark" src="icons/icon.svg" width="28" height="28" alt="" />
        <span class="brand__name">MindFlow</span>
      </a>
      <a class="button button--primary sidebar__write" routerLink="/write">
        <mf-icon name="write" /><span>{{ 'nav.write' | transloco }}</span>
      </a>
      <nav class="sidebar__nav" [attr.aria-label]="'nav.label' | transloco">
        @for (place of places(); track place.path) {
          <a
            class="nav-link"
            [routerLink]="place.path"
            routerLinkActive="nav-link--here"
            ariaCurrentWhenActive="page"
            [routerLinkActiveOptions]="{ exact: place.path === '/' }"
          >
            <mf-icon [name]="place.icon" /><span>{{ place.text | transloco }}</span>
          </a>
        }
      </nav>
      <mf-status-line class="sidebar__status" />
    </header>
    <main class="content" id="content" tabindex="-1" #content>
      <mf-confirm-banner />
      <router-outlet />
    </main>
    <nav class="tabs" [attr.aria-label]="'nav.label' | transloco">
      @for (place of tabs(); track place.path; let index = $index) {
        @if (index === 2) {
          <a class="tabs__write" routerLink="/write" [attr.aria-label]="'nav.write' | transloco"
            ><mf-icon name="plus"
          /></a>
        }
        <a
          class="tab"
          [routerLink]="place.path"
          routerLinkActive="tab--here"
          ariaCurrentWhenActive="page"
          [routerLinkActiveOptions]="{ exact: place.path === '/' }"
        >
          <mf-icon [name]="place.icon" /><span>{{ place.text | transloco }}</span>
        </a>
      }
    </nav>
    <ng-container [ngComponentOutlet]="signInAgain()" />
    <ng-container [ngComponentOutlet]="sheet()" />
  `,
})
export class Shell {
  private readonly auth = inject(Auth);
  private readonly router = inject(Router);
  private readonly shortcuts = inject(Shortcuts);
  protected readonly signInAgain = whenWanted(
    () => this.auth.state() === 'expired',
    () => import('../features/account/sign-in-again').then(m => m.SignInAgain),
  );
  protected readonly sheet = whenWanted(this.shortcuts.sheet, () =>
    import('./shortcut-sheet').then(m => m.ShortcutSheet),
  );
  private readonly content = viewChild.required<ElementRef<HTMLElement>>('content');
  protected readonly places = computed(() => PLACES.filter(place => !place.admin || this.auth.isAdmin()));
  protected readonly tabs = computed(() =>
    this.places()
      .filter(place => place.main)
      .slice(0, 4),
  );

  constructor() {
    // These work while a page is open, whichever it is.
    inject(Entries);
    inject(Updates);
    inject(Account);
    inject(InsightToasts);
    const injector = inject(EnvironmentInjector);
    import('../core/offline/sync').then(
      m => injector.get(m.Sync),
      () => undefined,
    );
    effect(() => {
      if (this.auth.state() === 'out') untracked(() => void this.router.navigateByUrl('/sign-in'));
    });
    // A new page is read from its beginning, by screen readers as well.
    this.router.events
      .pipe(
        filter(event => event instanceof NavigationEnd),
        skip(1),
        takeUntilDestroyed(),
      )
      .subscribe(() => {
        const at = document.activeElement;
        if (!at || at === document.body || !this.content().nativeElement.contains(at))
          this.content().nativeElement.focus({ preventScroll: true });
      });
  }

  protected skip(event: Event): void {
    event.preventDefault();
    this.content().nativeElement.focus();
  }
}
