import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Empty } from '../ui/states';

@Component({
  selector: 'mf-missing-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Empty, RouterLink, TranslocoPipe],
  template: `
    <h1 class="visually-hidden">{{ 'nav.missing' | transloco }}</h1>
    <mf-empty icon="search" [heading]="'missing.heading' | transloco" [text]="'missing.text' | transloco">
      <a class="button" routerLink="/">{{ 'nav.timeline' | transloco }}</a>
    </mf-empty>
  `,
})
export class MissingPage {}
