import type { Routes } from '@angular/router';
import { AdminPage } from './admin-page';

export const routes: Routes = [
  {
    path: '',
    component: AdminPage,
    children: [
      {
        path: '',
        pathMatch: 'full',
        title: 'admin.parts.live',
        loadComponent: () => import('./live-view').then(m => m.LiveView),
      },
      {
        path: 'figures',
        title: 'admin.parts.figures',
        loadComponent: () => import('./figures-view').then(m => m.FiguresView),
      },
      {
        path: 'users',
        title: 'admin.parts.users',
        loadComponent: () => import('./users-view').then(m => m.UsersView),
      },
      {
        path: 'audit',
        title: 'admin.parts.audit',
        loadComponent: () => import('./audit-view').then(m => m.AuditView),
      },
      {
        path: 'dead-letters',
        title: 'admin.parts.deadLetters',
        loadComponent: () => import('./dead-letters-view').then(m => m.DeadLettersView),
      },
    ],
  },
];
