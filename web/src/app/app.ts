import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { ConfirmDialog } from './ui/confirm';
import { ToastList } from './ui/toasts';

@Component({
  selector: 'mf-root',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterOutlet, ToastList, ConfirmDialog],
  template: `
    <router-outlet />
    <mf-toasts />
    <mf-confirm />
  `,
})
export class App {}
