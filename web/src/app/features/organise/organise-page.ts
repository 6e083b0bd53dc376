import { ChangeDetectionStrategy, Component } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { JournalsSection } from './journals-section';
import { TagsSection } from './tags-section';
import { TemplatesSection } from './templates-section';

/** What entries are sorted by, and what they begin with. */
@Component({
  selector: 'mf-organise-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe, JournalsSection, TagsSection, TemplatesSection],
  host: { class: 'page' },
  template: `
    <h1 class="page__title">{{ 'nav.organise' | transloco }}</h1>
    <mf-journals-section />
    <mf-tags-section />
    <mf-templates-section />
  `,
})
export class OrganisePage {}
