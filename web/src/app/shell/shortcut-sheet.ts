import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Dialog } from '../ui/dialog';
import { Shortcuts } from './shortcuts';

interface Shortcut {
  /** As shown, such as `g t`. `mod` is Ctrl, or Command on a Mac. */
  readonly keys: string;
  readonly text: string;
}

/** What is shown. Those of the editor are CodeMirror's or the editor page's. */
const SHORTCUTS: readonly { readonly heading: string; readonly list: readonly Shortcut[] }[] = [
  {
    heading: 'shortcuts.everywhere',
    list: [
      { keys: 'n', text: 'nav.write' },
      { keys: '/', text: 'nav.search' },
      { keys: 'g t', text: 'nav.timeline' },
      { keys: 'g c', text: 'nav.calendar' },
      { keys: 'g i', text: 'nav.insights' },
      { keys: 'g p', text: 'nav.photos' },
      { keys: 'g o', text: 'nav.organise' },
      { keys: 'g x', text: 'nav.trash' },
      { keys: 'g s', text: 'nav.settings' },
      { keys: '?', text: 'shortcuts.title' },
    ],
  },
  {
    heading: 'shortcuts.reading',
    list: [
      { keys: 'j', text: 'shortcuts.next' },
      { keys: 'k', text: 'shortcuts.former' },
      { keys: 'e', text: 'entry.edit' },
      { keys: 'p', text: 'entry.pin' },
      { keys: 'f', text: 'entry.makeFavourite' },
      { keys: 'v', text: 'history.title' },
      { keys: '#', text: 'entry.delete' },
      { keys: 'u', text: 'nav.timeline' },
    ],
  },
  {
    heading: 'shortcuts.editor',
    list: [
      { keys: 'mod s', text: 'editor.save' },
      { keys: 'mod Enter', text: 'editor.done' },
      { keys: 'mod b', text: 'editor.bold' },
      { keys: 'mod i', text: 'editor.italic' },
      { keys: 'mod k', text: 'editor.link' },
      { keys: 'mod e', text: 'editor.preview' },
      { keys: 'mod f', text: 'editor.find' },
    ],
  },
];

@Component({
  selector: 'mf-shortcut-sheet',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Dialog, TranslocoPipe],
  template: `
    <mf-dialog wide [(open)]="shortcuts.sheet" [heading]="'shortcuts.title' | transloco">
      <div class="sheet">
        @for (group of groups; track group.heading) {
          <section class="sheet__group">
            <h3 class="sheet__heading">{{ group.heading | transloco }}</h3>
            <dl>
              @for (shortcut of group.list; track shortcut.keys) {
                <div class="sheet__row">
                  <dt>{{ shortcut.text | transloco }}</dt>
                  <dd class="sheet__keys">
                    @for (key of keysOf(shortcut.keys); track $index) {
                      <kbd>{{ key }}</kbd>
                    }
                  </dd>
                </div>
              }
            </dl>
          </section>
        }
      </div>
    </mf-dialog>
  `,
})
export class ShortcutSheet {
  protected readonly shortcuts = inject(Shortcuts);
  protected readonly groups = SHORTCUTS;
  private readonly modifier = /Mac|iPhone|iPad/u.test(navigator.platform) ? '⌘' : 'Ctrl';

  protected keysOf(keys: string): readonly string[] {
    return keys.split(' ').map(key => (key === 'mod' ? this.modifier : key.length === 1 ? key.toUpperCase() : key));
  }
}
