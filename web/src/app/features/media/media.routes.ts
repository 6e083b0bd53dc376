import type { Routes } from '@angular/router';
import { MediaPage } from './media-page';

export const routes: Routes = [{ path: '', component: MediaPage }];
