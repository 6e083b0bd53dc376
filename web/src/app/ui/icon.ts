import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

/** Own drawings on a grid of 24, as strokes. */
const ICONS = {
  timeline: 'M4 6h4M4 12h4M4 18h4M12 6h8M12 12h8M12 18h8',
  calendar: 'M5 6h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1ZM4 10.5h16M8.5 3.5v4M15.5 3.5v4',
  insights: 'M4 19.5h16M6.5 16v-4M11 16V6.5M15.5 16V9.5M20 16v-2.5',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.3 15.3 20 20',
  photos:
    'M5 5h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM4 16l4.5-4.5 4 4L15 13l5 4.5M15.5 9.25a.75.75 0 1 0 0-.01',
  settings:
    'M4 8h9M17 8h3M4 16h3M11 16h9M15 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 18.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z',
  admin: 'M12 3.5 19 6v5.5c0 4.2-2.9 7.3-7 9-4.1-1.7-7-4.8-7-9V6l7-2.5ZM9 12l2.2 2.2L15.2 10',
  write: 'M4 20h4L19.3 8.7a1.5 1.5 0 0 0 0-2.1l-1.9-1.9a1.5 1.5 0 0 0-2.1 0L4 16v4ZM13.5 6.5l4 4',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5 10 17.5 19.5 7',
  back: 'M19 12H5M11 6l-6 6 6 6',
  forward: 'M5 12h14M13 6l6 6-6 6',
  left: 'M14.5 6 8.5 12l6 6',
  right: 'M9.5 6l6 6-6 6',
  down: 'M6 9.5l6 6 6-6',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  trash: 'M5 7h14M10 11v6M14 11v6M7 7l.8 12a1 1 0 0 0 1 1h6.4a1 1 0 0 0 1-1L17 7M9.5 7V4.5h5V7',
  pin: 'M9 4h6l-.7 6 3.2 3.5H6.5L9.7 10 9 4ZM12 13.5V20',
  star: 'M12 4.2l2.4 4.9 5.4.8-3.9 3.8.9 5.4L12 16.5l-4.8 2.6.9-5.4-3.9-3.8 5.4-.8L12 4.2Z',
  lock: 'M7 11h10a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  place: 'M12 20.5c4-4.2 6-7.5 6-10.3a6 6 0 0 0-12 0c0 2.8 2 6.1 6 10.3ZM12 12.2a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z',
  tag: 'M4 5v6.6l8.4 8.4 7-7L11 4.6 4.4 4.6 4 5ZM8.5 8.5h.01',
  clock: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 7.5V12l3 2',
  spark: 'M12 4l1.7 5.3L19 11l-5.3 1.7L12 18l-1.7-5.3L5 11l5.3-1.7L12 4ZM19 16.5l.7 2 2 .7',
  cloud: 'M7.5 18a4 4 0 0 1-.5-8 5.5 5.5 0 0 1 10.6 1.4A3.4 3.4 0 0 1 17 18H7.5Z',
  'cloud-off': 'M4 4l16 16M9.5 6.3a5.5 5.5 0 0 1 8.1 5.1A3.4 3.4 0 0 1 19.5 16.5M16 18H7.5A4 4 0 0 1 7 10',
  warning: 'M12 4.5 20.5 19h-17L12 4.5ZM12 10v4.5M12 16.7v.01',
  info: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM12 11v5M12 8v.01',
  undo: 'M9 7 4.5 11.5 9 16M4.5 11.5H15a4.5 4.5 0 0 1 0 9h-2',
  filter: 'M4 6h16M7 12h10M10 18h4',
  eye: 'M3 12c2.5-4.3 5.5-6.5 9-6.5s6.5 2.2 9 6.5c-2.5 4.3-5.5 6.5-9 6.5S5.5 16.3 3 12ZM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6Z',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20c.8-3.6 3.6-5.5 7.5-5.5s6.7 1.9 7.5 5.5',
  'sign-out': 'M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h10M16.5 8.5 20 12l-3.5 3.5',
  sync: 'M5 11a7 7 0 0 1 12-4.5L19.5 9M19.5 4.5V9H15M19 13a7 7 0 0 1-12 4.5L4.5 15M4.5 19.5V15H9',
  help: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16ZM9.7 9.7a2.4 2.4 0 1 1 3.6 2c-.8.5-1.3 1-1.3 1.9M12 16.3v.01',
  bold: 'M8 5h5a3.3 3.3 0 0 1 0 6.6H8V5ZM8 11.6h6a3.6 3.6 0 0 1 0 7.2H8v-7.2Z',
  italic: 'M10.5 5H17M7 19h6.5M14 5l-4 14',
  heading: 'M6 5v14M18 5v14M6 12h12',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
  tasks: 'M4 6.5 5.5 8 8 5M4 16.5 5.5 18 8 15M12 6.5h8M12 16.5h8',
  quote: 'M5 7h5v5c0 3-1.5 4.5-4 5M14 7h5v5c0 3-1.5 4.5-4 5',
  link: 'M10 14a4 4 0 0 0 6 .3l2.7-2.7a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.3l-2.7 2.7a4 4 0 0 0 5.7 5.7L12 17',
  image: 'M5 5h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM4 16l4.5-4.5 4 4L15 13l5 4.5',
  bell: 'M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5l1.5-1.5ZM10 20.5a2.2 2.2 0 0 0 4 0',
  sound: 'M9 17.5V6l10-2v11.5M9 17.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0ZM19 15.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z',
  history: 'M4.5 12a7.5 7.5 0 1 0 2.4-5.5L4 9M4 4.5V9h4.5M12 8v4.3l3 1.7',
  journal: 'M7 4h11v16H7a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2ZM5 17.5A2 2 0 0 1 7 16h11M9 8h5',
  template: 'M5 4.5h14v4H5v-4ZM5 12h6v7.5H5V12ZM14.5 12H19M14.5 15.7H19M14.5 19.5H19',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
} as const;

export type IconName = keyof typeof ICONS;

/** A drawing next to a text, or in a button that has a label of its own: screen readers pass over it. */
@Component({
  selector: 'mf-icon',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'icon', 'aria-hidden': 'true' },
  template: `<svg viewBox="0 0 24 24" focusable="false"><path [attr.d]="path()" /></svg>`,
})
export class Icon {
  readonly name = input.required<IconName>();
  protected readonly path = computed(() => ICONS[this.name()]);
}
