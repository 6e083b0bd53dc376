import type { CanDeactivateFn } from '@angular/router';

/** What the guard needs of the editor's page: its code is loaded with the page. */
export interface Leavable {
  leave(): Promise<boolean>;
}

/** What was typed is kept before the page is left. */
export const leavingEditor: CanDeactivateFn<Leavable> = page => page?.leave?.() ?? true;
