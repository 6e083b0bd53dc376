import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { type Part, Subnav } from '@/ui/subnav';

const PARTS: readonly Part[] = [
  { path: '/settings', text: 'settings.parts.account' },
  { path: '/settings/notifications', text: 'settings.parts.notifications' },
  { path: '/settings/security', text: 'settings.parts.security' },
  { path: '/settings/privacy', text: 'settings.parts.privacy' },
  { path: '/settings/webhooks', text: 'settings.parts.webhooks' },
  { path: '/settings/data', text: 'settings.parts.data' },
];

/** Settings: a page a part, each section in a component of its own. */
@Component({
  selector: 'mf-settings-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterOutlet, TranslocoPipe, Subnav],
  host: { class: 'page' },
  template: `
    <h1 class="page__title">{{ 'nav.settings' | transloco }}</h1>
    <mf-subnav [label]="'settings.parts.label' | transloco" [parts]="parts" />
    <router-outlet />
  `,
})
export class SettingsPage {
  protected readonly parts = PARTS;
}
