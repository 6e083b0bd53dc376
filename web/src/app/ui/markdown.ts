import { ChangeDetectionStrategy, Component, ElementRef, effect, inject, input } from '@angular/core';
import type { Passage } from '@/core/text/markdown';
import type { MediaFieldsFragment } from '@/gql/generated';

/** A text in Markdown as it is read. What renders it is loaded with the first one that is shown. */
@Component({
  selector: 'mf-markdown',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'prose' },
  template: '',
})
export class MarkdownText {
  readonly text = input.required<string>();
  readonly media = input<readonly MediaFieldsFragment[]>([]);
  readonly passages = input<readonly Passage[]>([]);
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  constructor() {
    let latest = 0;
    effect(() => {
      const [text, options] = [this.text(), { media: this.media(), passages: this.passages() }];
      const run = ++latest;
      void import('@/core/text/markdown').then(({ renderMarkdown }) => {
        if (run === latest) this.element.replaceChildren(renderMarkdown(text, options));
      });
    });
  }
}
