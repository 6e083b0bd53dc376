import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  ElementRef,
  afterNextRender,
  effect,
  inject,
  input,
  output,
  signal,
  untracked,
} from '@angular/core';
import type { EditorHandle, Mark } from './codemirror';

/**
 * A field for Markdown. CodeMirror is loaded when it is first shown. It lives in a shadow root, where it adds its styles as constructed
 * style sheets: the content security policy refuses the `<style>` elements that it would add to the page.
 */
@Component({
  selector: 'mf-markdown-editor',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'markdown-editor' },
  template: '',
})
export class MarkdownEditor {
  readonly text = input.required<string>();
  readonly placeholder = input('');
  readonly label = input.required<string>();
  readonly textChange = output<string>();
  readonly done = output();
  readonly saved = output();
  readonly preview = output();
  /** Files that were dropped or pasted. */
  readonly files = output<readonly File[]>();
  readonly ready = signal(false);

  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  private handle: EditorHandle | null = null;
  private focusWhenReady = false;

  constructor() {
    const destroyed = inject(DestroyRef);
    let isGone = false;
    destroyed.onDestroy(() => {
      isGone = true;
      this.handle?.destroy();
    });
    afterNextRender(async () => {
      const { createEditor } = await import('./codemirror');
      if (isGone) return;
      const root = this.element.shadowRoot ?? this.element.attachShadow({ mode: 'open' });
      this.handle = createEditor(root, {
        text: this.text(),
        placeholder: this.placeholder(),
        label: this.label(),
        changed: text => this.textChange.emit(text),
        done: () => this.done.emit(),
        saved: () => this.saved.emit(),
        preview: () => this.preview.emit(),
        files: files => this.files.emit(files),
      });
      this.ready.set(true);
      if (this.focusWhenReady) this.handle.focus();
    });
    effect(() => {
      const text = this.text();
      untracked(() => this.handle?.show(text));
    });
  }

  focus(): void {
    this.focusWhenReady = true;
    this.handle?.focus();
  }

  mark(mark: Mark): void {
    this.handle?.mark(mark);
  }

  insert(text: string): void {
    this.handle?.insert(text);
  }

  /** Remembers where the cursor is, for what is inserted later. */
  hold(key: string): void {
    this.handle?.hold(key);
  }

  /** Inserts a paragraph where the place was held; false where none was. */
  fill(key: string, text: string): boolean {
    return this.handle?.fill(key, text) ?? false;
  }
}
