import { ChangeDetectionStrategy, Component } from '@angular/core';
import { ConsentSection } from './consent-section';
import { LedgerSection } from './ledger-section';

@Component({
  selector: 'mf-privacy-settings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [ConsentSection, LedgerSection],
  template: `
    <mf-consent-section />
    <mf-ledger-section />
  `,
})
export class PrivacySettings {}
