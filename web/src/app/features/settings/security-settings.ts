import { ChangeDetectionStrategy, Component } from '@angular/core';
import { PasswordSection } from './password-section';
import { SecondFactorSection } from './second-factor-section';
import { SessionsSection } from './sessions-section';

@Component({
  selector: 'mf-security-settings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [PasswordSection, SecondFactorSection, SessionsSection],
  template: `
    <mf-password-section />
    <mf-second-factor-section />
    <mf-sessions-section />
  `,
})
export class SecuritySettings {}
