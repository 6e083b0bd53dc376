import { ChangeDetectionStrategy, Component } from '@angular/core';
import { DeleteAccountSection } from './delete-account-section';
import { ExportSection } from './export-section';
import { ImportSection } from './import-section';

@Component({
  selector: 'mf-data-settings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [ExportSection, ImportSection, DeleteAccountSection],
  template: `
    <mf-export-section />
    <mf-import-section />
    <mf-delete-account-section />
  `,
})
export class DataSettings {}
