import type { Routes } from '@angular/router';
import { OrganisePage } from './organise-page';

export const routes: Routes = [{ path: '', component: OrganisePage }];
