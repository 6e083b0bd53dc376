import { DestroyRef, Injectable, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NavigationStart, Router } from '@angular/router';

/** Opens a page, and answers whether it did. */
export type GoOn = (path: string) => Promise<boolean>;

/** Leads from a page to the next one when what takes time is done, unless its user has gone elsewhere meanwhile. A page provides it. */
@Injectable()
export class GoingOn {
  private readonly router = inject(Router);
  private readonly page = inject(DestroyRef);
  /** How many navigations have begun: the page is still there while the next one is loaded. */
  private begun = 0;

  constructor() {
    this.router.events.pipe(takeUntilDestroyed()).subscribe(event => {
      if (event instanceof NavigationStart) this.begun += 1;
    });
  }

  /** To be called before what takes time. */
  fromHere(): GoOn {
    const before = this.begun;
    return async path =>
      !this.page.destroyed && before === this.begun ? await this.router.navigateByUrl(path) : false;
  }
}
