import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterLink, RouterOutlet } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';

/** The frame of the pages before there is a session. */
@Component({
  selector: 'mf-account-frame',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterOutlet, RouterLink, TranslocoPipe],
  host: { class: 'account' },
  template: `
    <main class="account__card">
      <a class="brand account__brand" routerLink="/">
        <img class="brand__mark" src="icons/icon.svg" width="36" height="36" alt="" />
        <span class="brand__name">MindFlow</span>
      </a>
      <router-outlet />
    </main>
    <p class="account__motto">{{ 'account.motto' | transloco }}</p>
  `,
})
export class AccountFrame {}
