import type { Routes } from '@angular/router';
import { TrashPage } from './trash-page';

export const routes: Routes = [{ path: '', component: TrashPage }];
