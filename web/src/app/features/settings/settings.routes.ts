import type { Routes } from '@angular/router';
import { SettingsPage } from './settings-page';

export const routes: Routes = [{ path: '', component: SettingsPage }];
