import {
  ChangeDetectionStrategy,
  Component,
  type ElementRef,
  booleanAttribute,
  computed,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Tags } from '@/core/journal/tags';
import { Icon } from '@/ui/icon';

const TAGS_MAX = 20;
const CHARACTERS_MAX = 50;
const OFFERED_MAX = 8;

let last = 0;

/** Tags with completion: a combobox as WAI-ARIA describes it. Enter and comma take a tag; Backspace in the empty field takes the last away. */
@Component({
  selector: 'mf-tag-input',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon, TranslocoPipe],
  host: { class: 'tag-input' },
  template: `
    <label class="field__label" [for]="id">{{ label() || ('tag.label' | transloco) }}</label>
    <div class="tag-input__line field__control">
      @for (tag of tags(); track tag) {
        <span class="tag-input__tag">
          {{ tag }}
          <button type="button" [attr.aria-label]="'tag.remove' | transloco: { tag }" (click)="remove(tag)">
            <mf-icon name="close" />
          </button>
        </span>
      }
      <input
        #field
        class="tag-input__field"
        role="combobox"
        autocomplete="off"
        aria-autocomplete="list"
        [id]="id"
        [maxLength]="charactersMax"
        [disabled]="tags().length >= tagsMax"
        [attr.aria-expanded]="offered().length > 0"
        [attr.aria-controls]="id + '-list'"
        [attr.aria-activedescendant]="at() >= 0 ? id + '-' + at() : null"
        [value]="typed()"
        (input)="type($any($event.target).value)"
        (keydown)="pressed($event)"
        (focus)="isOpen.set(true)"
        (blur)="left()"
      />
    </div>
    <ul
      class="tag-input__list"
      role="listbox"
      [id]="id + '-list'"
      [attr.aria-label]="'tag.known' | transloco"
      [hidden]="offered().length === 0"
    >
      @for (name of offered(); track name; let index = $index) {
        <!-- eslint-disable-next-line @angular-eslint/template/click-events-have-key-events, @angular-eslint/template/interactive-supports-focus -- the field has the keys -->
        <li
          role="option"
          [id]="id + '-' + index"
          [attr.aria-selected]="index === at()"
          (mousedown)="$event.preventDefault()"
          (click)="take(name)"
        >
          {{ name }}
        </li>
      }
    </ul>
    <p class="visually-hidden" role="status">{{ said() }}</p>
  `,
})
export class TagInput {
  readonly tags = input.required<readonly string[]>();
  readonly tagsChange = output<readonly string[]>();
  readonly label = input('');
  /** Whether only tags that there are can be taken, as in a filter. */
  readonly knownOnly = input(false, { transform: booleanAttribute });

  private readonly known = inject(Tags);
  private readonly field = viewChild.required<ElementRef<HTMLInputElement>>('field');
  protected readonly id = `tags-${++last}`;
  protected readonly tagsMax = TAGS_MAX;
  protected readonly charactersMax = CHARACTERS_MAX;
  protected readonly typed = signal('');
  protected readonly at = signal(-1);
  protected readonly said = signal('');
  protected readonly isOpen = signal(false);
  protected readonly offered = computed(() => {
    // Several fields of a filter do not show all tags each.
    if (this.knownOnly() && !this.isOpen()) return [];
    const typed = fold(this.typed());
    const has = new Set(this.tags().map(fold));
    const others = this.known.all().filter(tag => !has.has(fold(tag.name)));
    const begin = others.filter(tag => fold(tag.name).startsWith(typed));
    const within = others.filter(tag => !fold(tag.name).startsWith(typed) && fold(tag.name).includes(typed));
    return [...begin, ...within].slice(0, OFFERED_MAX).map(tag => tag.name);
  });

  protected type(text: string): void {
    if (text.endsWith(',')) return this.take(text.slice(0, -1));
    this.typed.set(text);
    this.at.set(-1);
  }

  protected pressed(event: KeyboardEvent): void {
    const count = this.offered().length;
    switch (event.key) {
      case 'ArrowDown':
        this.at.update(at => (count === 0 ? -1 : (at + 1) % count));
        break;
      case 'ArrowUp':
        this.at.update(at => (count === 0 ? -1 : (at - 1 + count) % count));
        break;
      case 'Enter':
        this.take(this.offered()[this.at()] ?? this.typed());
        break;
      case 'Escape':
        this.typed.set('');
        this.at.set(-1);
        break;
      case 'Backspace': {
        const tag = this.tags().at(-1);
        if (this.typed() !== '' || tag === undefined) return;
        this.remove(tag);
        break;
      }
      default:
        return;
    }
    event.preventDefault();
  }

  protected take(text: string): void {
    const name = text.trim().replace(/^#/u, '');
    this.typed.set('');
    this.field().nativeElement.value = '';
    this.at.set(-1);
    if (name === '' || this.tags().length >= TAGS_MAX || this.tags().some(tag => fold(tag) === fold(name))) return;
    // As the user wrote it first.
    const known = this.known.all().find(tag => fold(tag.name) === fold(name))?.name ?? (this.knownOnly() ? null : name);
    if (known === null) return;
    this.said.set(known);
    this.tagsChange.emit([...this.tags(), known]);
  }

  protected left(): void {
    this.take(this.typed());
    this.isOpen.set(false);
  }

  protected remove(tag: string): void {
    this.tagsChange.emit(this.tags().filter(each => each !== tag));
    this.field().nativeElement.focus();
  }
}

const fold = (text: string): string => text.trim().normalize('NFKC').toLocaleLowerCase();
