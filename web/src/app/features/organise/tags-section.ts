import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { Entries } from '@/core/journal/entries';
import { type KnownTag, Tags } from '@/core/journal/tags';
import { Sync } from '@/core/offline/sync';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import { Confirm } from '@/ui/confirm';
import { Dialog } from '@/ui/dialog';
import { Control, Field } from '@/ui/field';
import { Toasts } from '@/ui/toasts';
import { NameDialog } from './name-dialog';

@Component({
  selector: 'mf-tags-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Control, Dialog, Field, NameDialog, PluralPipe, RouterLink, TranslocoPipe],
  template: `
    <section class="section" id="tags" aria-labelledby="tags-heading">
      <h2 class="section__heading" id="tags-heading">{{ 'tag.label' | transloco }}</h2>
      @if (tags.all().length === 0) {
        <p class="section__text">{{ 'tag.none' | transloco }}</p>
      }
      <ul>
        @for (tag of tags.all(); track tag.id) {
          <li class="row">
            <div class="row__text">
              <a class="row__title" routerLink="/" [queryParams]="{ tag: tag.name }">{{ tag.name }}</a>
              <p class="row__note">{{ 'timeline.all' | mfPlural: tag.entryCount ?? 0 }}</p>
            </div>
            <div class="row__actions">
              <button
                type="button"
                class="button button--quiet button--small"
                [attr.aria-label]="'organise.renameOf' | transloco: { name: tag.name }"
                (click)="rename(tag)"
              >
                {{ 'organise.rename' | transloco }}
              </button>
              @if (tags.all().length > 1) {
                <button
                  type="button"
                  class="button button--quiet button--small"
                  [attr.aria-label]="'tag.mergeOf' | transloco: { name: tag.name }"
                  (click)="merge(tag, null)"
                >
                  {{ 'tag.merge' | transloco }}
                </button>
              }
              <button
                type="button"
                class="button button--quiet button--small"
                [attr.aria-label]="'organise.deleteOf' | transloco: { name: tag.name }"
                (click)="remove(tag)"
              >
                {{ 'organise.delete' | transloco }}
              </button>
            </div>
          </li>
        }
      </ul>
      <mf-name-dialog
        [(open)]="isRenaming"
        [heading]="'tag.rename' | transloco"
        [name]="edited()?.name ?? ''"
        [action]="save"
        (taken)="offerMerge($event)"
      />
      <mf-dialog [(open)]="isMerging" [heading]="'tag.mergeHeading' | transloco: { name: edited()?.name }">
        <p>{{ 'tag.mergeText' | transloco }}</p>
        <mf-field [label]="'tag.into' | transloco">
          <select mfControl (change)="into.set($any($event.target).value)">
            @for (tag of others(); track tag.id) {
              <option [value]="tag.id" [selected]="into() === tag.id">{{ tag.name }}</option>
            }
          </select>
        </mf-field>
        <ng-container actions>
          <button type="button" class="button" (click)="isMerging.set(false)">{{ 'ui.cancel' | transloco }}</button>
          <button type="button" class="button button--primary" [disabled]="busy()" (click)="mergeNow()">
            {{ 'tag.merge' | transloco }}
          </button>
        </ng-container>
      </mf-dialog>
    </section>
  `,
})
export class TagsSection {
  protected readonly tags = inject(Tags);
  private readonly entries = inject(Entries);
  private readonly sync = inject(Sync);
  private readonly confirm = inject(Confirm);
  private readonly toasts = inject(Toasts);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);
  protected readonly edited = signal<KnownTag | null>(null);
  protected readonly isRenaming = signal(false);
  protected readonly isMerging = signal(false);
  protected readonly into = signal<string | null>(null);
  protected readonly busy = signal(false);
  protected readonly others = computed(() =>
    [...this.tags.all()].filter(tag => tag.id !== this.edited()?.id).sort((a, b) => a.name.localeCompare(b.name)),
  );

  protected readonly save = async (name: string): Promise<void> => {
    const tag = this.edited();
    if (!tag) return;
    await this.tags.rename(tag.id, name);
    this.changed();
  };

  protected rename(tag: KnownTag): void {
    this.edited.set(tag);
    this.isRenaming.set(true);
  }

  protected merge(tag: KnownTag, into: string | null): void {
    this.edited.set(tag);
    this.into.set(into ?? this.others()[0]?.id ?? null);
    this.isMerging.set(true);
  }

  /** A name that another tag has means that both are to be one. */
  protected offerMerge(name: string): void {
    const tag = this.edited();
    const other = this.others().find(each => each.name.toLocaleLowerCase() === name.toLocaleLowerCase());
    if (!tag || !other) return;
    this.isRenaming.set(false);
    this.merge(tag, other.id);
  }

  protected async mergeNow(): Promise<void> {
    const [tag, into] = [this.edited(), this.into()];
    if (!tag || into === null) return;
    this.busy.set(true);
    try {
      await this.tags.merge([tag.id], into);
      this.isMerging.set(false);
      this.changed();
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    } finally {
      this.busy.set(false);
    }
  }

  protected async remove(tag: KnownTag): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('tag.deleteHeading', { name: tag.name }),
      text: this.transloco.translate('tag.deleteText'),
      confirm: this.transloco.translate('organise.delete'),
      danger: true,
    });
    if (!sure) return;
    try {
      await this.tags.remove(tag.id);
      this.changed();
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    }
  }

  private changed(): void {
    this.entries.changedMany();
    void this.sync.run();
  }
}
