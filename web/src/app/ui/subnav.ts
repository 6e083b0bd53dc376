import { ChangeDetectionStrategy, Component, input } from '@angular/core';
import { RouterLink, RouterLinkActive } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';

export interface Part {
  readonly path: string;
  /** The key of its name. */
  readonly text: string;
}

/** The parts of a page that has several, each with an address of its own. */
@Component({
  selector: 'mf-subnav',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, RouterLinkActive, TranslocoPipe],
  template: `
    <nav class="subnav" [attr.aria-label]="label()">
      @for (part of parts(); track part.path) {
        <a
          class="subnav__link"
          [routerLink]="part.path"
          routerLinkActive="subnav__link--here"
          ariaCurrentWhenActive="page"
          [routerLinkActiveOptions]="{ exact: true }"
          >{{ part.text | transloco }}</a
        >
      }
    </nav>
  `,
})
export class Subnav {
  readonly label = input.required<string>();
  readonly parts = input.required<readonly Part[]>();
}
