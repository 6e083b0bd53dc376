import { ChangeDetectionStrategy, Component } from '@angular/core';
import { DeleteAccountSection } from './delete-account-section';
import { ExportSection } from './export-section';
import { ImportSection } from './import-section';
import { StorageSection } from './storage-section';

@Component({
  selector: 'mf-data-settings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [StorageSection, ExportSection, ImportSection, DeleteAccountSection],
  template: `
    <mf-storage-section />
    <mf-export-section />
    <mf-import-section />
    <mf-delete-account-section />
  `,
})
export class DataSettings {}
