import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { PLACES } from '@/shell/navigation';
import { Icon } from '@/ui/icon';

/** The pages that the bar of a phone has no room for. Wider windows have them in the sidebar, and do not show this. */
@Component({
  selector: 'mf-places-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, RouterLink, TranslocoPipe],
  host: { class: 'places' },
  template: `
    <section class="section" aria-labelledby="places">
      <h2 class="section__heading" id="places">{{ 'settings.elsewhere' | transloco }}</h2>
      <div class="row__actions">
        @for (place of places(); track place.path) {
          <a class="button" [routerLink]="place.path">
            <mf-icon [name]="place.icon" /><span>{{ place.text | transloco }}</span>
          </a>
        }
      </div>
    </section>
  `,
})
export class PlacesSection {
  private readonly auth = inject(Auth);
  protected readonly places = computed(() =>
    PLACES.filter(place => !place.main && (!place.admin || this.auth.isAdmin())),
  );
}
