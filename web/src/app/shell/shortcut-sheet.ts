import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { TranslocoPipe } from '@jsverse/transloco';
import { Dialog } from '../ui/dialog';
import { SHORTCUTS, Shortcuts } from './shortcuts';

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
