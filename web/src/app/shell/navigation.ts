import type { IconName } from '../ui/icon';

export interface Place {
  readonly path: string;
  readonly text: string;
  readonly icon: IconName;
  /** Whether it is in the bar of phones as well. */
  readonly main: boolean;
  readonly admin?: boolean;
}

/** The places of the navigation. A feature that is added adds its line here and its route in app.routes.ts. */
export const PLACES: readonly Place[] = [
  { path: '/', text: 'nav.timeline', icon: 'timeline', main: true },
  { path: '/calendar', text: 'nav.calendar', icon: 'calendar', main: true },
  { path: '/search', text: 'nav.search', icon: 'search', main: true },
  { path: '/insights', text: 'nav.insights', icon: 'insights', main: false },
  { path: '/photos', text: 'nav.photos', icon: 'photos', main: false },
  { path: '/organise', text: 'nav.organise', icon: 'tag', main: false },
  { path: '/trash', text: 'nav.trash', icon: 'trash', main: false },
  { path: '/settings', text: 'nav.settings', icon: 'settings', main: true },
  { path: '/admin', text: 'nav.admin', icon: 'admin', main: false, admin: true },
];
