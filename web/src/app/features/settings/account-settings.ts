import { ChangeDetectionStrategy, Component } from '@angular/core';
import { AppearanceSection } from './appearance-section';
import { EmailSection } from './email-section';
import { PlacesSection } from './places-section';
import { ProfileSection } from './profile-section';
import { SessionSection } from './session-section';

@Component({
  selector: 'mf-account-settings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [PlacesSection, ProfileSection, EmailSection, AppearanceSection, SessionSection],
  template: `
    <mf-places-section />
    <mf-profile-section />
    <mf-email-section />
    <mf-appearance-section />
    <mf-session-section />
  `,
})
export class AccountSettings {}
