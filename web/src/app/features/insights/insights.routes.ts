import type { Routes } from '@angular/router';
import { InsightsPage } from './insights-page';

export const routes: Routes = [{ path: '', component: InsightsPage }];
