import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { THEMES, Theme } from '@/core/settings/theme';
import { LANGUAGES, Languages } from '@/core/text/languages';

@Component({
  selector: 'mf-appearance-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [TranslocoPipe],
  template: `
    <section class="section" aria-labelledby="appearance">
      <h2 class="section__heading" id="appearance">{{ 'settings.appearance' | transloco }}</h2>
      <fieldset class="segments">
        <legend class="field__label">{{ 'settings.theme' | transloco }}</legend>
        @for (each of themes; track each) {
          <label class="segment">
            <input type="radio" name="theme" [checked]="theme.choice() === each" (change)="theme.choice.set(each)" />
            <span>{{ 'settings.themes.' + each | transloco }}</span>
          </label>
        }
      </fieldset>
      <fieldset class="segments">
        <legend class="field__label">{{ 'settings.language' | transloco }}</legend>
        @for (each of languages; track each) {
          <label class="segment">
            <input
              type="radio"
              name="language"
              [checked]="current.current() === each"
              (change)="current.choose(each)"
            />
            <span [lang]="each">{{ names[each] }}</span>
          </label>
        }
      </fieldset>
    </section>
  `,
})
export class AppearanceSection {
  protected readonly theme = inject(Theme);
  protected readonly current = inject(Languages);
  protected readonly themes = THEMES;
  protected readonly languages = LANGUAGES;
  protected readonly names = { en: 'English', de: 'Deutsch' };
}
