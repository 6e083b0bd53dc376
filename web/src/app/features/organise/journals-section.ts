import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Entries } from '@/core/journal/entries';
import { Journals, type KnownJournal } from '@/core/journal/journals';
import { Sync } from '@/core/offline/sync';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { Confirm } from '@/ui/confirm';
import { Icon } from '@/ui/icon';
import { Toasts } from '@/ui/toasts';
import { NameDialog } from './name-dialog';

const NAME_MAX = 50;

@Component({
  selector: 'mf-journals-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, NameDialog, PluralPipe, RouterLink, TranslocoPipe],
  template: `
    <section class="section" id="journals" aria-labelledby="journals-heading">
      <header class="page__head">
        <h2 class="section__heading" id="journals-heading">{{ 'journal.title' | transloco }}</h2>
        <button type="button" class="button button--small" (click)="edit(null)">
          <mf-icon name="plus" /><span>{{ 'journal.create' | transloco }}</span>
        </button>
      </header>
      <p class="section__text">{{ 'journal.text' | transloco }}</p>
      <ul>
        @for (journal of journals.all(); track journal.id) {
          <li class="row">
            <div class="row__text">
              <a class="row__title" routerLink="/" [queryParams]="{ journal: journal.id }">{{ journal.name }}</a>
              <p class="row__note">
                {{ 'timeline.all' | mfPlural: journal.entryCount ?? 0 }}
                @if (journal.isDefault) {
                  · {{ 'journal.default' | transloco }}
                }
              </p>
            </div>
            <div class="row__actions">
              <button
                type="button"
                class="button button--quiet button--small"
                [attr.aria-label]="'organise.renameOf' | transloco: { name: journal.name }"
                (click)="edit(journal)"
              >
                {{ 'organise.rename' | transloco }}
              </button>
              @if (!journal.isDefault) {
                <button
                  type="button"
                  class="button button--quiet button--small"
                  [attr.aria-label]="'organise.deleteOf' | transloco: { name: journal.name }"
                  (click)="remove(journal)"
                >
                  {{ 'organise.delete' | transloco }}
                </button>
              }
            </div>
          </li>
        }
      </ul>
      <mf-name-dialog
        [(open)]="isOpen"
        [heading]="(edited() ? 'journal.rename' : 'journal.create') | transloco"
        [name]="edited()?.name ?? ''"
        [max]="max"
        [action]="save"
      />
    </section>
  `,
})
export class JournalsSection {
  protected readonly journals = inject(Journals);
  private readonly entries = inject(Entries);
  private readonly sync = inject(Sync);
  private readonly confirm = inject(Confirm);
  private readonly toasts = inject(Toasts);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);
  protected readonly max = NAME_MAX;
  protected readonly isOpen = signal(false);
  protected readonly edited = signal<KnownJournal | null>(null);

  protected readonly save = async (name: string): Promise<void> => {
    const journal = this.edited();
    if (journal) await this.journals.rename(journal.id, name);
    else await this.journals.create(name);
  };

  protected edit(journal: KnownJournal | null): void {
    this.edited.set(journal);
    this.isOpen.set(true);
  }

  protected async remove(journal: KnownJournal): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('journal.deleteHeading', { name: journal.name }),
      text: this.transloco.translate('journal.deleteText'),
      confirm: this.transloco.translate('organise.delete'),
      danger: true,
    });
    if (!sure) return;
    try {
      await this.journals.remove(journal.id);
      this.entries.changedMany();
      void this.sync.run();
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    }
  }
}
