import { ChangeDetectionStrategy, Component, inject, output, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { TranslocoPipe } from '@jsverse/transloco';
import { Prompts } from '@/core/journal/prompts';
import { Templates } from '@/core/journal/templates';
import type { TemplateFieldsFragment } from '@/gql/generated';
import { Icon } from '@/ui/icon';

/** How a blank entry can begin: with a question, or with a template. */
@Component({
  selector: 'mf-beginnings',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, RouterLink, TranslocoPipe],
  host: { class: 'beginnings' },
  template: `
    @if (question(); as question) {
      <section class="beginnings__prompt" [attr.aria-label]="'beginning.prompt' | transloco">
        <p class="beginnings__question">{{ question }}</p>
        <div class="beginnings__actions">
          <button type="button" class="button button--small" (click)="asked.emit(question)">
            {{ 'beginning.answer' | transloco }}
          </button>
          @if (prompts.all().length > 1) {
            <button type="button" class="button button--quiet button--small" (click)="next()">
              <mf-icon name="sync" /><span>{{ 'beginning.another' | transloco }}</span>
            </button>
          }
        </div>
      </section>
    }
    <div class="beginnings__templates">
      @for (template of templates.all(); track template.id) {
        <button type="button" class="chip-button" (click)="chosen.emit(template)">
          <mf-icon name="template" /><span>{{ template.name }}</span>
        </button>
      }
      <a class="beginnings__link" routerLink="/organise" fragment="templates">{{
        (templates.all().length > 0 ? 'beginning.manage' : 'beginning.first') | transloco
      }}</a>
    </div>
  `,
})
export class Beginnings {
  readonly asked = output<string>();
  readonly chosen = output<TemplateFieldsFragment>();
  protected readonly prompts = inject(Prompts);
  protected readonly templates = inject(Templates);
  private readonly at = signal(0);

  protected question(): string | null {
    const all = this.prompts.all();
    const prompt = all[this.at() % Math.max(1, all.length)];
    return prompt ? this.prompts.textOf(prompt) : null;
  }

  protected next(): void {
    this.at.update(at => at + 1);
  }
}
