import { inject } from '@angular/core';
import { type CanActivateFn, type CanMatchFn, type Route, Router, type Routes } from '@angular/router';
import { Auth } from './core/auth/auth';
import { Languages } from './core/text/languages';
import { leavingEditor } from './features/editor/leaving';
// With the first files, since nearly every visit begins there: thirty small files compress worse than one.
import { Timeline } from './features/timeline/timeline';
import { APART } from './shell/page-reuse';
import { Shell } from './shell/shell';

const signedIn: CanActivateFn = (_route, state) => {
  if (inject(Auth).state() !== 'out') return true;
  const next = state.url === '/' ? {} : { queryParams: { next: state.url } };
  return inject(Router).createUrlTree(['/sign-in'], next);
};

/** A route without a path matches the beginning of the journal as well, even where none of its children does. */
const hasPath: CanMatchFn = (_route, segments) => segments.length > 0;
const signedOut: CanActivateFn = () => inject(Auth).state() === 'out' || inject(Router).createUrlTree(['/']);
const admin: CanActivateFn = () => inject(Auth).isAdmin() || inject(Router).createUrlTree(['/']);

/** A page of a file of its own, with the texts that the first files do not have. */
function withTexts<T>(file: () => Promise<T>): () => Promise<T> {
  return async () => {
    const [page] = await Promise.all([file(), inject(Languages).allTexts()]);
    return page;
  };
}

/** Its page has one text. What is opened after it, also at its address, begins when that text is kept. */
const editor: Route = {
  loadComponent: withTexts(() => import('./features/editor/editor-page').then(m => m.EditorPage)),
  canDeactivate: [leavingEditor],
  runGuardsAndResolvers: 'always',
  data: APART,
};

/**
 * Paths of pages. The platform's own begin with /auth, /api, /graphql, /media, /portability, /health, /metrics and /notifications: no page
 * may have one of these.
 */
export const routes: Routes = [
  {
    path: '',
    loadComponent: () => import('./features/account/account-frame').then(m => m.AccountFrame),
    canMatch: [hasPath, () => inject(Auth).state() === 'out'],
    children: [
      {
        path: 'sign-in',
        title: 'account.signIn.title',
        loadComponent: () => import('./features/account/sign-in').then(m => m.SignIn),
        canActivate: [signedOut],
      },
      {
        path: 'sign-up',
        title: 'account.signUp.title',
        loadComponent: () => import('./features/account/sign-up').then(m => m.SignUp),
        canActivate: [signedOut],
      },
      {
        path: 'forgot-password',
        title: 'account.forgot.title',
        loadComponent: () => import('./features/account/forgot-password').then(m => m.ForgotPassword),
      },
    ],
  },
  {
    path: '',
    loadComponent: () => import('./features/account/account-frame').then(m => m.AccountFrame),
    canMatch: [hasPath],
    children: [
      {
        path: 'reset-password/:token',
        title: 'account.reset.title',
        loadComponent: () => import('./features/account/reset-password').then(m => m.ResetPassword),
      },
      {
        path: 'confirm-email/:token',
        title: 'account.confirm.title',
        loadComponent: () => import('./features/account/confirm-email').then(m => m.ConfirmEmail),
      },
      {
        path: 'confirm-email-change/:token',
        title: 'account.change.title',
        data: { isChange: true },
        loadComponent: () => import('./features/account/confirm-email').then(m => m.ConfirmEmail),
      },
      {
        path: 'receipt/:id',
        title: 'account.receipt.title',
        loadComponent: () => import('./features/account/erasure-receipt').then(m => m.ErasureReceipt),
      },
    ],
  },
  {
    path: '',
    component: Shell,
    canActivate: [signedIn],
    children: [
      {
        path: '',
        pathMatch: 'full',
        title: 'nav.timeline',
        component: Timeline,
      },
      {
        path: 'entries/:id',
        title: 'nav.entry',
        loadComponent: withTexts(() => import('./features/timeline/entry-page').then(m => m.EntryPage)),
      },
      {
        path: 'entries/:id/edit',
        title: 'nav.edit',
        ...editor,
      },
      {
        path: 'entries/:id/history',
        title: 'history.title',
        loadChildren: withTexts(() => import('./features/history/history.routes').then(m => m.routes)),
      },
      {
        path: 'write',
        title: 'nav.write',
        ...editor,
      },
      {
        path: 'calendar',
        title: 'nav.calendar',
        loadChildren: withTexts(() => import('./features/calendar/calendar.routes').then(m => m.routes)),
      },
      {
        path: 'search',
        title: 'nav.search',
        loadChildren: withTexts(() => import('./features/search/search.routes').then(m => m.routes)),
      },
      {
        path: 'insights',
        title: 'nav.insights',
        loadChildren: withTexts(() => import('./features/insights/insights.routes').then(m => m.routes)),
      },
      {
        path: 'admin',
        title: 'nav.admin',
        canActivate: [admin],
        loadChildren: withTexts(() => import('./features/admin/admin.routes').then(m => m.routes)),
      },
      {
        path: 'photos',
        title: 'nav.photos',
        loadChildren: withTexts(() => import('./features/media/media.routes').then(m => m.routes)),
      },
      {
        path: 'organise',
        title: 'nav.organise',
        loadChildren: withTexts(() => import('./features/organise/organise.routes').then(m => m.routes)),
      },
      {
        path: 'trash',
        title: 'nav.trash',
        loadChildren: withTexts(() => import('./features/trash/trash.routes').then(m => m.routes)),
      },
      {
        path: 'settings',
        title: 'nav.settings',
        loadChildren: withTexts(() => import('./features/settings/settings.routes').then(m => m.routes)),
      },
      {
        path: 'waiting',
        title: 'waiting.title',
        loadComponent: () => import('./shell/waiting-page').then(m => m.WaitingPage),
      },
      {
        path: '**',
        title: 'nav.missing',
        loadComponent: () => import('./shell/missing-page').then(m => m.MissingPage),
      },
    ],
  },
];
