import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Auth } from '@/core/auth/auth';
import { GraphQL } from '@/core/graphql/graphql';
import { Pages } from '@/core/graphql/pages';
import { PluralPipe } from '@/core/text/plural';
import { Dates } from '@/core/time/dates';
import { type Role, SetUserRolesDocument, UsersDocument, type UsersQuery } from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { Doing } from '@/ui/doing';
import { Icon } from '@/ui/icon';
import { PagesEnd } from '@/ui/pages-end';
import { Empty } from '@/ui/states';
import { typingPause } from '@/ui/typing-pause';

type User = NonNullable<UsersQuery['users']>['edges'][number]['node'];

const PAGE = 30;
const TYPING_MS = 300;
/** Every account has USER. */
const GIVEN: readonly Role[] = ['PREMIUM', 'ADMIN'];

/** All accounts, and what each may do. */
@Component({
  selector: 'mf-users-view',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [RouterLink, Icon, Empty, PagesEnd, PluralPipe, TranslocoPipe],
  providers: [Doing],
  template: `
    <label class="search__box admin__bar">
      <mf-icon name="search" />
      <span class="visually-hidden">{{ 'admin.users.search' | transloco }}</span>
      <input
        type="search"
        autocomplete="off"
        [placeholder]="'admin.users.search' | transloco"
        (input)="type($any($event.target).value)"
      />
    </label>
    <p class="page__lead" role="status">
      @if (total() !== null) {
        {{ 'admin.users.found' | mfPlural: total() ?? 0 }}
      }
    </p>
    <ul class="rows">
      @for (user of pages.items(); track user.id) {
        <li class="row">
          <div class="row__text">
            <span class="row__title">{{ user.displayName }}</span>
            <span class="row__note">{{ user.email }}</span>
            <span class="row__note">
              {{ 'admin.users.since' | transloco: { day: dates.moment(user.createdAt) } }} · {{ user.timezone }} ·
              <a routerLink="/admin/audit" [queryParams]="{ user: user.id }">{{ 'admin.users.audit' | transloco }}</a>
            </span>
          </div>
          <fieldset class="row__actions admin__roles">
            <legend class="visually-hidden">{{ 'admin.users.roles' | transloco: { name: user.displayName } }}</legend>
            @for (role of given; track role) {
              <label class="check">
                <input
                  type="checkbox"
                  [checked]="user.roles.includes(role)"
                  [disabled]="doing.busy()"
                  (change)="change(user, role, $event)"
                />
                <span>{{ 'admin.users.role.' + role | transloco }}</span>
              </label>
            }
          </fieldset>
        </li>
      }
    </ul>
    <mf-pages-end [pages]="pages">
      <mf-empty icon="person" [heading]="'admin.users.none' | transloco" />
    </mf-pages-end>
  `,
})
export class UsersView {
  private readonly graphql = inject(GraphQL);
  private readonly auth = inject(Auth);
  private readonly confirm = inject(Confirm);
  private readonly transloco = inject(TranslocoService);
  protected readonly dates = inject(Dates);
  protected readonly doing = inject(Doing);
  protected readonly given = GIVEN;
  protected readonly total = signal<number | null>(null);
  private readonly search = signal('');
  private readonly pause = typingPause(TYPING_MS);
  protected readonly pages = new Pages<User>(async after => {
    const search = this.search() || null;
    const { users } = await this.graphql.query(UsersDocument, { first: PAGE, after, search });
    this.total.set(users?.totalCount ?? null);
    return users;
  });

  constructor() {
    void this.pages.more();
  }

  protected type(text: string): void {
    this.pause.set(() => {
      this.search.set(text.trim());
      void this.pages.again();
    });
  }

  protected async change(user: User, role: Role, event: Event): Promise<void> {
    const box = event.target as HTMLInputElement;
    const roles = box.checked ? [...user.roles, role] : user.roles.filter(each => each !== role);
    const done =
      (await this.isMeant(user, role, box.checked)) &&
      (await this.doing.run(
        async () => {
          const { setUserRoles } = await this.graphql.mutate(SetUserRolesDocument, { userId: user.id, roles });
          if (!setUserRoles) return;
          this.pages.change(users =>
            users.map(each => (each.id === user.id ? { ...each, roles: setUserRoles.roles } : each)),
          );
          if (user.id === this.auth.person()?.id) this.auth.knows({ roles: setUserRoles.roles });
        },
        { done: 'ui.saved' },
      ));
    // A change that was refused, or not meant, is taken back.
    if (!done) box.checked = user.roles.includes(role);
  }

  /** An administrator can make others administrators, and can end being one. */
  private async isMeant(user: User, role: Role, isGiven: boolean): Promise<boolean> {
    if (role !== 'ADMIN') return true;
    const key = isGiven ? 'admin.users.give' : 'admin.users.take';
    return await this.confirm.ask({
      heading: this.transloco.translate(key, { name: user.displayName }),
      text: this.transloco.translate(`${key}Text`),
      confirm: this.transloco.translate('admin.users.change'),
      danger: true,
    });
  }
}
