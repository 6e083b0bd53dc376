import type { Routes } from '@angular/router';
import { HistoryPage } from './history-page';

export const routes: Routes = [{ path: '', component: HistoryPage }];
