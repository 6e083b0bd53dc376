import { ChangeDetectionStrategy, Component } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { AppearanceSection } from './appearance-section';
import { ProfileSection } from './profile-section';
import { SessionSection } from './session-section';

/** Settings, each part in a component of its own. */
@Component({
  selector: 'mf-settings-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe, ProfileSection, AppearanceSection, SessionSection],
  host: { class: 'page' },
  template: `
    <h1 class="page__title">{{ 'nav.settings' | transloco }}</h1>
    <mf-profile-section />
    <mf-appearance-section />
    <mf-session-section />
  `,
})
export class SettingsPage {}
