import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { failureOf } from '@/core/failure';
import { Templates } from '@/core/journal/templates';
import { FailureText } from '@/core/text/failure-text';
import { TagInput } from '@/features/editor/tag-input';
import { excerptOf } from '@/features/timeline/excerpt';
import type { TemplateFieldsFragment } from '@/gql/generated';
import { Confirm } from '@/ui/confirm';
import { Dialog } from '@/ui/dialog';
import { Control, Field } from '@/ui/field';
import { Icon } from '@/ui/icon';
import { Toasts } from '@/ui/toasts';

type Edited = Pick<TemplateFieldsFragment, 'name' | 'title' | 'content' | 'tags' | 'journalId'> & {
  readonly id: string | null;
};

const BLANK: Edited = { id: null, name: '', title: '', content: '', tags: [], journalId: null };

@Component({
  selector: 'mf-templates-section',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Control, Dialog, Field, Icon, TagInput, TranslocoPipe],
  template: `
    <section class="section" id="templates" aria-labelledby="templates-heading">
      <header class="page__head">
        <h2 class="section__heading" id="templates-heading">{{ 'template.title' | transloco }}</h2>
        <button type="button" class="button button--small" (click)="edit(blank)">
          <mf-icon name="plus" /><span>{{ 'template.create' | transloco }}</span>
        </button>
      </header>
      <p class="section__text">{{ 'template.text' | transloco }}</p>
      <ul>
        @for (template of templates.all(); track template.id) {
          <li class="row">
            <div class="row__text">
              <p class="row__title">{{ template.name }}</p>
              <p class="row__note">{{ excerpt(template) }}</p>
            </div>
            <div class="row__actions">
              <button
                type="button"
                class="button button--quiet button--small"
                [attr.aria-label]="'template.editOf' | transloco: { name: template.name }"
                (click)="edit(template)"
              >
                {{ 'entry.edit' | transloco }}
              </button>
              <button
                type="button"
                class="button button--quiet button--small"
                [attr.aria-label]="'organise.deleteOf' | transloco: { name: template.name }"
                (click)="remove(template)"
              >
                {{ 'organise.delete' | transloco }}
              </button>
            </div>
          </li>
        }
      </ul>
      <mf-dialog
        wide
        [(open)]="isOpen"
        [heading]="(edited().id === null ? 'template.create' : 'template.edit') | transloco"
      >
        <form class="form" id="template-form" (submit)="save($event)">
          <mf-field [label]="'organise.name' | transloco" [error]="wrong('name')">
            <input
              mfControl
              autocomplete="off"
              maxlength="50"
              [value]="edited().name"
              (input)="change({ name: $any($event.target).value })"
            />
          </mf-field>
          <mf-field [label]="'editor.title' | transloco" [error]="wrong('title')">
            <input
              mfControl
              autocomplete="off"
              maxlength="200"
              [value]="edited().title"
              (input)="change({ title: $any($event.target).value })"
            />
          </mf-field>
          <mf-field [label]="'editor.text' | transloco" [error]="wrong('content')">
            <textarea
              mfControl
              rows="8"
              maxlength="10000"
              [value]="edited().content"
              (input)="change({ content: $any($event.target).value })"
            ></textarea>
          </mf-field>
          <mf-tag-input [tags]="edited().tags" (tagsChange)="change({ tags: $event })" />
          @if (failed(); as failed) {
            <p class="form__wrong" role="alert">{{ failed }}</p>
          }
        </form>
        <ng-container actions>
          <button type="button" class="button" (click)="isOpen.set(false)">{{ 'ui.cancel' | transloco }}</button>
          <button type="submit" form="template-form" class="button button--primary" [disabled]="busy()">
            {{ 'ui.save' | transloco }}
          </button>
        </ng-container>
      </mf-dialog>
    </section>
  `,
})
export class TemplatesSection {
  protected readonly templates = inject(Templates);
  private readonly texts = inject(FailureText);
  private readonly confirm = inject(Confirm);
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);
  protected readonly blank = BLANK;
  protected readonly edited = signal<Edited>(BLANK);
  protected readonly isOpen = signal(false);
  protected readonly busy = signal(false);
  private readonly failure = signal<unknown>(null);
  protected readonly failed = signal<string | null>(null);

  protected excerpt(template: TemplateFieldsFragment): string {
    return excerptOf(template.content, '') || template.title;
  }

  protected wrong(field: string): string | null {
    return this.texts.ofField(this.failure(), field);
  }

  protected edit(template: Edited): void {
    this.edited.set(template);
    this.failure.set(null);
    this.failed.set(null);
    this.isOpen.set(true);
  }

  protected change(change: Partial<Edited>): void {
    this.edited.update(edited => ({ ...edited, ...change }));
  }

  protected async save(event: Event): Promise<void> {
    event.preventDefault();
    const { id, name, title, content, tags, journalId } = this.edited();
    this.busy.set(true);
    this.failure.set(null);
    this.failed.set(null);
    try {
      await this.templates.save(id, { name: name.trim(), title, content, tags: [...tags], journalId });
      this.isOpen.set(false);
    } catch (error) {
      this.failure.set(error);
      const isOfField = ['name', 'title', 'content'].some(field => failureOf(error).of(field));
      this.failed.set(isOfField ? null : this.texts.of(error));
    } finally {
      this.busy.set(false);
    }
  }

  protected async remove(template: TemplateFieldsFragment): Promise<void> {
    const sure = await this.confirm.ask({
      heading: this.transloco.translate('template.deleteHeading', { name: template.name }),
      text: this.transloco.translate('template.deleteText'),
      confirm: this.transloco.translate('organise.delete'),
      danger: true,
    });
    if (!sure) return;
    try {
      await this.templates.remove(template.id);
    } catch (error) {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    }
  }
}
