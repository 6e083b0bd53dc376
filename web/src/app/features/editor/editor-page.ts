import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  computed,
  effect,
  inject,
  input,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { Location } from '@angular/common';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { NavigationSkipped, NavigationSkippedCode, Router, RouterLink } from '@angular/router';
import { TranslocoPipe, TranslocoService } from '@jsverse/transloco';
import { type Failure, failureOf } from '@/core/failure';
import { wordsOf } from '@/core/journal/entry';
import { Journals } from '@/core/journal/journals';
import { Uploads } from '@/core/media/uploads';
import { LocalSettings } from '@/core/settings/local-settings';
import { FailureText } from '@/core/text/failure-text';
import { PluralPipe } from '@/core/text/plural';
import type { MediaFieldsFragment, TemplateFieldsFragment } from '@/gql/generated';
import { Deletion } from '@/features/timeline/deletion';
import { Shortcuts } from '@/shell/shortcuts';
import { Confirm } from '@/ui/confirm';
import { GoingOn } from '@/ui/going-on';
import { Icon, type IconName } from '@/ui/icon';
import { MarkdownText } from '@/ui/markdown';
import { Empty, Skeleton, Trouble } from '@/ui/states';
import { settled } from '@/ui/settled';
import { Toasts } from '@/ui/toasts';
import { Attachments } from './attachments';
import { Beginnings } from './beginnings';
import type { Mark } from './codemirror';
import { ConflictView } from './conflict-view';
import { isBlank, mediaText } from './draft';
import type { Leavable } from './leaving';
import { EntryDetails } from './entry-details';
import { MarkdownEditor } from './markdown-editor';
import { Writing } from './writing';

const TITLE_MAX = 200;
const CONTENT_MAX = 100_000;
const ATTACHMENTS_MAX = 10;
/** How long typing pauses before a long text is shown and counted again, in milliseconds. */
const PREVIEW_MS = 250;
const COUNT_MS = 600;
/** Where this browser keeps whether the preview is open. */
const PREVIEW = 'preview';

/** Where an entry is written. */
@Component({
  selector: 'mf-editor-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [
    MarkdownEditor,
    MarkdownText,
    EntryDetails,
    Attachments,
    Beginnings,
    ConflictView,
    Icon,
    Skeleton,
    Trouble,
    Empty,
    RouterLink,
    TranslocoPipe,
    PluralPipe,
  ],
  providers: [Writing, Uploads, GoingOn],
  host: {
    class: 'page writing',
    '(keydown)': 'pressed($event)',
    '(dragover)': 'draggedOver($event)',
    '(drop)': 'dropped($event)',
    '(window:beforeunload)': 'unloading($event)',
  },
  template: `
    <h1 class="visually-hidden">{{ (writing.isNew() ? 'nav.write' : 'nav.edit') | transloco }}</h1>
    <header class="toolbar">
      <a class="icon-button" routerLink="/" [attr.aria-label]="'nav.timeline' | transloco"><mf-icon name="back" /></a>
      <p class="writing__state" role="status">
        {{ writing.state() === 'clean' ? '' : ('editor.state.' + writing.state() | transloco) }}
      </p>
      <span class="toolbar__space"></span>
      @if (writing.isThere() && writing.isNew() && !isBlankNow()) {
        <button
          type="button"
          class="icon-button"
          [attr.aria-label]="'editor.deleteDraft' | transloco"
          [disabled]="busy()"
          (click)="remove()"
        >
          <mf-icon name="trash" />
        </button>
      }
      <button
        type="button"
        class="icon-button writing__help"
        [attr.aria-label]="'shortcuts.title' | transloco"
        (click)="shortcuts.sheet.set(true)"
      >
        <mf-icon name="help" />
      </button>
      <button
        type="button"
        class="icon-button"
        [attr.aria-pressed]="isPreview()"
        [attr.aria-label]="'editor.preview' | transloco"
        (click)="togglePreview()"
      >
        <mf-icon name="eye" />
      </button>
      <button type="button" class="button button--primary" [disabled]="!writing.isThere() || busy()" (click)="finish()">
        {{ (writing.isNew() ? 'editor.publish' : 'editor.done') | transloco }}
      </button>
    </header>
    @if (failure(); as failure) {
      <mf-trouble [text]="texts.of(failure)" (again)="open(id() ?? '')" />
    }
    @if (isMissing()) {
      <mf-empty icon="search" [heading]="'entry.missing' | transloco" [text]="'entry.missingText' | transloco" />
    }
    @if (writing.draft(); as draft) {
      @if (writing.conflict(); as conflict) {
        <mf-conflict-view
          [mine]="draft"
          [theirs]="conflict.theirs"
          (keepMine)="keepMine()"
          (takeTheirs)="writing.takeTheirs()"
          (takeBoth)="writing.takeBoth()"
        />
      } @else if (writing.refusal(); as refusal) {
        <p class="form__wrong" role="alert">{{ texts.ofEntry(refusal) }}</p>
      }
      @if (writing.wasFound()) {
        <p class="note">
          <mf-icon name="info" />{{ 'editor.found' | transloco }}
          <button type="button" class="button button--quiet button--small" (click)="writing.revert()">
            {{ 'editor.revert' | transloco }}
          </button>
        </p>
      }
      <mf-entry-details [draft]="draft" (changed)="writing.change($event)" />
      <label class="visually-hidden" for="entry-title">{{ 'editor.title' | transloco }}</label>
      <input
        #title
        id="entry-title"
        class="writing__title"
        autocomplete="off"
        [maxLength]="titleMax"
        [placeholder]="'editor.titlePlaceholder' | transloco"
        [value]="draft.title"
        (input)="writing.change({ title: $any($event.target).value })"
        (keydown.enter)="$event.preventDefault(); focusText()"
      />
      <div class="writing__marks" role="toolbar" [attr.aria-label]="'editor.marks' | transloco">
        @for (mark of marks; track mark.mark) {
          <button
            type="button"
            class="icon-button"
            [attr.aria-label]="'editor.' + mark.mark | transloco"
            (click)="applyMark(mark.mark)"
          >
            <mf-icon [name]="mark.icon" />
          </button>
        }
        <button
          type="button"
          class="icon-button"
          [attr.aria-label]="'upload.add' | transloco"
          [disabled]="room() <= 0"
          (click)="picker.click()"
        >
          <mf-icon name="image" />
        </button>
        <input
          #picker
          type="file"
          hidden
          multiple
          accept="image/jpeg,image/png,image/webp,image/gif,audio/*"
          (change)="picked(picker)"
        />
      </div>
      @if (isBlankNow()) {
        <mf-beginnings (asked)="answer($event)" (chosen)="use($event)" />
      }
      @if (draft.attachmentIds === null) {
        <p class="note">
          <mf-icon name="image" />{{ 'upload.unknown' | transloco }}
          <button type="button" class="button button--quiet button--small" (click)="readFiles()">
            {{ 'ui.again' | transloco }}
          </button>
        </p>
      }
      <mf-attachments
        [media]="writing.media()"
        [uploads]="uploads.all()"
        [isShown]="isShown()"
        (inserted)="show($event)"
        (removed)="writing.detach($event)"
        (again)="uploads.again($event)"
        (cancelled)="uploads.cancel($event)"
      />
      <div class="writing__text" [class.writing__text--preview]="isPreview()">
        <mf-markdown-editor
          [text]="draft.content"
          [label]="'editor.text' | transloco"
          [placeholder]="'editor.placeholder' | transloco"
          (textChange)="writing.change({ content: $event })"
          (done)="finish()"
          (saved)="save()"
          (preview)="togglePreview()"
          (files)="add($event)"
        />
        @if (isPreview()) {
          <section class="writing__preview" [attr.aria-label]="'editor.preview' | transloco">
            <mf-markdown [text]="shownText()" [media]="writing.media()" />
          </section>
        }
      </div>
      <p class="writing__count" [class.writing__count--over]="isTooLong()">
        @if (isTooLong()) {
          {{ 'editor.tooLong' | transloco: { max: contentMax.toLocaleString() } }}
        } @else {
          {{ 'entry.words' | mfPlural: words() }}
        }
      </p>
    } @else if (!isMissing() && !failure()) {
      <mf-skeleton [lines]="8" />
    }
  `,
})
export class EditorPage implements Leavable {
  /** The entry that is written; a new one without. */
  readonly id = input<string>();
  /** The day of a new entry, as chosen in the calendar. */
  readonly date = input<string>();

  protected readonly writing = inject(Writing);
  protected readonly uploads = inject(Uploads);
  protected readonly shortcuts = inject(Shortcuts);
  protected readonly texts = inject(FailureText);
  private readonly journals = inject(Journals);
  private readonly confirm = inject(Confirm);
  private readonly router = inject(Router);
  private readonly location = inject(Location);
  private readonly toasts = inject(Toasts);
  private readonly transloco = inject(TranslocoService);
  private readonly editor = viewChild(MarkdownEditor);
  private readonly title = viewChild<ElementRef<HTMLInputElement>>('title');
  private readonly settings = inject(LocalSettings);
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  private readonly deletion = inject(Deletion);
  private readonly goingOn = inject(GoingOn);
  protected readonly isPreview = signal(this.settings.read(PREVIEW) !== null);
  private readonly content = computed(() => this.writing.draft()?.content ?? '');
  protected readonly shownText = settled(this.content, PREVIEW_MS);
  private readonly countedText = settled(this.content, COUNT_MS);
  protected readonly busy = signal(false);
  protected readonly failure = signal<Failure | null>(null);
  protected readonly isMissing = signal(false);
  protected readonly titleMax = TITLE_MAX;
  protected readonly contentMax = CONTENT_MAX;
  protected readonly words = computed(() => wordsOf(this.countedText()));
  protected readonly isTooLong = computed(() => isLonger(this.content(), CONTENT_MAX));
  protected readonly isBlankNow = computed(() => {
    const draft = this.writing.draft();
    return draft !== null && this.writing.isNew() && isBlank(draft) && this.uploads.all().length === 0;
  });
  /** How many more files the entry can have. */
  protected readonly room = computed(
    () =>
      ATTACHMENTS_MAX - (this.writing.draft()?.attachmentIds?.length ?? ATTACHMENTS_MAX) - this.uploads.all().length,
  );
  protected readonly isShown = computed(() => {
    const content = this.writing.draft()?.content ?? '';
    return (media: MediaFieldsFragment) => content.includes(`(${media.reference})`);
  });
  protected readonly marks: readonly { readonly mark: Mark; readonly icon: IconName }[] = [
    { mark: 'bold', icon: 'bold' },
    { mark: 'italic', icon: 'italic' },
    { mark: 'heading', icon: 'heading' },
    { mark: 'list', icon: 'list' },
    { mark: 'tasks', icon: 'tasks' },
    { mark: 'quote', icon: 'quote' },
    { mark: 'link', icon: 'link' },
  ];
  private isDone = false;
  /** A new entry whose address is not shown yet. */
  private begun: string | null = null;

  constructor() {
    effect(() => {
      const id = this.id();
      untracked(() => {
        if (id) void this.open(id);
        else this.begin();
      });
    });
    effect(() => {
      // Once something of it is kept, a reload goes on with the same entry.
      if (!this.begun || !['kept', 'saved', 'waiting'].includes(this.writing.state())) return;
      this.location.replaceState(`/entries/${this.begun}/edit`);
      this.begun = null;
    });
    // A new entry is asked for while one is written: that one is kept, and another page has the new one.
    this.router.events.pipe(takeUntilDestroyed()).subscribe(event => {
      if (!(event instanceof NavigationSkipped) || event.code !== NavigationSkippedCode.IgnoredSameUrlNavigation)
        return;
      queueMicrotask(() => void this.router.navigateByUrl(event.url, { onSameUrlNavigation: 'reload' }));
    });
    this.uploads.arrived.pipe(takeUntilDestroyed()).subscribe(({ key, media }) => {
      this.writing.attach(media);
      const text = mediaText(media.fileName, media.reference);
      if (!this.editor()?.fill(key, text)) this.append(text);
    });
  }

  protected async open(id: string): Promise<void> {
    this.failure.set(null);
    try {
      this.isMissing.set(!(await this.writing.open(id)));
    } catch (error) {
      this.failure.set(failureOf(error));
    }
  }

  private begin(): void {
    this.begun = this.writing.begin(this.date() ?? null, { journalId: this.journals.chosen()?.id ?? null });
    setTimeout(() => this.title()?.nativeElement.focus());
  }

  protected focusText(): void {
    this.editor()?.focus();
  }

  protected applyMark(mark: Mark): void {
    this.editor()?.mark(mark);
  }

  /** A question stands above the text that answers it. */
  protected answer(question: string): void {
    this.put(`> ${question}\n\n`);
  }

  protected use({ title, content, tags, journalId }: TemplateFieldsFragment): void {
    this.writing.change({ title, tags, ...(journalId === null ? {} : { journalId }) });
    this.put(content);
  }

  private put(text: string): void {
    const editor = this.editor();
    if (editor?.ready()) editor.insert(text);
    else this.writing.change({ content: text });
    editor?.focus();
  }

  /** Takes files in where the cursor is; they are shown there when they have arrived. */
  protected add(files: readonly File[]): void {
    const taken = files.slice(0, Math.max(0, this.room()));
    if (this.writing.draft()?.attachmentIds === null)
      this.toasts.show(this.transloco.translate('upload.unknown'), { tone: 'bad' });
    else if (taken.length < files.length)
      this.toasts.show(this.transloco.translate('upload.tooMany', { max: ATTACHMENTS_MAX }), { tone: 'bad' });
    for (const key of this.uploads.add(taken)) this.editor()?.hold(key);
  }

  protected picked(picker: HTMLInputElement): void {
    this.add([...(picker.files ?? [])]);
    picker.value = '';
  }

  protected show(media: MediaFieldsFragment): void {
    this.append(mediaText(media.fileName, media.reference));
  }

  private append(text: string): void {
    const content = this.writing.draft()?.content.trimEnd() ?? '';
    this.writing.change({ content: content === '' ? text : `${content}\n\n${text}` });
  }

  protected pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || !(event.ctrlKey || event.metaKey)) return;
    if (event.key !== 'Enter' && event.key !== 's') return;
    event.preventDefault();
    void (event.key === 's' ? this.save() : this.finish());
  }

  /** A file that misses the text is not opened by the browser instead of the page. */
  protected draggedOver(event: DragEvent): void {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  }

  protected dropped(event: DragEvent): void {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (event.defaultPrevented || files.length === 0) return;
    event.preventDefault();
    this.add(files);
  }

  protected togglePreview(): void {
    this.isPreview.update(open => !open);
    this.settings.write(PREVIEW, this.isPreview() ? 'open' : null);
  }

  protected async readFiles(): Promise<void> {
    await this.writing.readFiles().catch((error: unknown) => {
      this.toasts.show(this.texts.of(error), { tone: 'bad' });
    });
  }

  /** The browser asks before it loses what is on the page alone. */
  protected unloading(event: BeforeUnloadEvent): void {
    if (this.writing.state() === 'unkept' || this.uploads.all().length > 0) event.preventDefault();
  }

  protected async remove(): Promise<void> {
    const draft = this.writing.draft();
    if (!draft || this.busy()) return;
    const goOn = this.goingOn.fromHere();
    this.busy.set(true);
    try {
      if (this.writing.refusal() === null) await this.writing.putAway();
      if (this.writing.refusal() !== null && !(await this.mayBeLost())) return;
      await this.writing.forget();
      this.isDone = true;
      await this.deletion.run(draft.entryId, draft.title, goOn);
    } finally {
      this.busy.set(false);
    }
  }

  /** What the platform refuses cannot come back from its trash. */
  private async mayBeLost(): Promise<boolean> {
    return await this.confirm.ask({
      heading: this.transloco.translate('waiting.discardHeading'),
      text: this.transloco.translate('waiting.discardText'),
      confirm: this.transloco.translate('waiting.discard'),
      danger: true,
    });
  }

  private async mayGoWithoutUploads(): Promise<boolean> {
    if (this.uploads.all().length === 0) return true;
    return await this.confirm.ask({
      heading: this.transloco.translate('upload.goHeading'),
      text: this.transloco.translate('upload.goText'),
      confirm: this.transloco.translate('upload.go'),
    });
  }

  protected async save(): Promise<void> {
    await this.writing.keep();
    if (!this.writing.isNew()) await this.writing.finish();
  }

  protected async finish(): Promise<void> {
    if (this.busy() || !this.writing.isThere()) return;
    if (this.writing.conflict()) {
      // Which text stays has to be decided first.
      this.element.querySelector('.conflict')?.scrollIntoView({ block: 'start' });
      return;
    }
    const goOn = this.goingOn.fromHere();
    if (!(await this.mayGoWithoutUploads())) return;
    this.busy.set(true);
    try {
      const outcome = await this.writing.finish();
      // What was typed while it was sent is not left behind.
      if (outcome?.kind === 'refused' || this.writing.state() === 'typing') return;
      if (outcome?.kind === 'waiting') this.toasts.show(this.transloco.translate('editor.waiting'));
      this.isDone = true;
      const id = this.writing.draft()?.entryId;
      await goOn((outcome || this.writing.entry()) && id ? `/entries/${id}` : '/');
    } finally {
      // Who stays here may go on with the text.
      this.isDone = false;
      this.busy.set(false);
    }
  }

  protected async keepMine(): Promise<void> {
    const outcome = await this.writing.keepMine();
    if (outcome?.kind === 'sent') this.toasts.show(this.transloco.translate('editor.state.saved'), { tone: 'good' });
  }

  async leave(): Promise<boolean> {
    if (this.isDone) return true;
    if (!(await this.mayGoWithoutUploads())) return false;
    await this.writing.leave();
    return true;
  }
}

/** Whether a text has more characters than so many; those outside of the basic plane count once, as at the platform. */
export function isLonger(text: string, max: number): boolean {
  return text.length > max && Array.from(text).length > max;
}
