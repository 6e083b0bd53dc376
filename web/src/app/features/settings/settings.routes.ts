import type { Routes } from '@angular/router';
import { AccountSettings } from './account-settings';
import { SettingsPage } from './settings-page';

export const routes: Routes = [
  {
    path: '',
    component: SettingsPage,
    children: [
      { path: '', pathMatch: 'full', component: AccountSettings },
      {
        path: 'notifications',
        title: 'settings.parts.notifications',
        loadComponent: () => import('./notification-settings').then(m => m.NotificationSettings),
      },
      {
        path: 'security',
        title: 'settings.parts.security',
        loadComponent: () => import('./security-settings').then(m => m.SecuritySettings),
      },
      {
        path: 'privacy',
        title: 'settings.parts.privacy',
        loadComponent: () => import('./privacy-settings').then(m => m.PrivacySettings),
      },
      {
        path: 'webhooks',
        title: 'settings.parts.webhooks',
        loadComponent: () => import('./webhook-settings').then(m => m.WebhookSettings),
      },
      {
        path: 'data',
        title: 'settings.parts.data',
        loadComponent: () => import('./data-settings').then(m => m.DataSettings),
      },
    ],
  },
];
