import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { type Part, Subnav } from '@/ui/subnav';

const PARTS: readonly Part[] = [
  { path: '/admin', text: 'admin.parts.live' },
  { path: '/admin/figures', text: 'admin.parts.figures' },
  { path: '/admin/users', text: 'admin.parts.users' },
  { path: '/admin/audit', text: 'admin.parts.audit' },
  { path: '/admin/dead-letters', text: 'admin.parts.deadLetters' },
];

/** What administrators see and do. Each part asks the platform, which looks at the role each time. */
@Component({
  selector: 'mf-admin-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterOutlet, TranslocoPipe, Subnav],
  host: { class: 'page admin' },
  template: `
    <h1 class="page__title">{{ 'nav.admin' | transloco }}</h1>
    <mf-subnav [label]="'admin.parts.label' | transloco" [parts]="parts" />
    <router-outlet />
  `,
})
export class AdminPage {
  protected readonly parts = PARTS;
}
