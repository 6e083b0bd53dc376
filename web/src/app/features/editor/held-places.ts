import { StateEffect, StateField } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';

const hold = StateEffect.define<{ readonly key: string; readonly at: number }>({
  map: ({ key, at }, changes) => ({ key, at: changes.mapPos(at) }),
});
const release = StateEffect.define<string>();

/** Places in the text, by a key, which move with what is typed before them: for pictures that are on their way. */
export const heldPlaces = StateField.define<ReadonlyMap<string, number>>({
  create: () => new Map(),
  update(places, transaction) {
    if (!transaction.docChanged && transaction.effects.length === 0) return places;
    const filled = transaction.effects.find(effect => effect.is(release))?.value;
    const order = [...places.keys()];
    const moved = new Map(
      [...places].map(([key, at]) => {
        // Of several at one place, those that were held later stay behind what is inserted.
        const isBehind = filled !== undefined && order.indexOf(key) > order.indexOf(filled);
        return [key, transaction.changes.mapPos(at, isBehind ? 1 : -1)];
      }),
    );
    for (const effect of transaction.effects) {
      if (effect.is(hold)) moved.set(effect.value.key, effect.value.at);
      if (effect.is(release)) moved.delete(effect.value);
    }
    return moved;
  },
});

/** Holds where the cursor is. */
export function holdPlace(view: EditorView, key: string): void {
  view.dispatch({ effects: hold.of({ key, at: view.state.selection.main.head }) });
}

/** Puts a text, in a paragraph of its own, where the place was held. False: none was. */
export function fillPlace(view: EditorView, key: string, text: string): boolean {
  const at = view.state.field(heldPlaces).get(key);
  if (at === undefined) return false;
  const { doc } = view.state;
  const insert = asParagraph(doc.sliceString(0, at), text, doc.sliceString(at));
  view.dispatch({ changes: { from: at, insert }, effects: release.of(key), userEvent: 'input.paste' });
  return true;
}

/** The text with the line breaks that it needs between what is before it and behind it. */
export function asParagraph(before: string, text: string, after: string): string {
  const begin = before.trim() === '' || before.endsWith('\n\n') ? '' : before.endsWith('\n') ? '\n' : '\n\n';
  const end = after.startsWith('\n\n') ? '' : after.startsWith('\n') ? '\n' : '\n\n';
  return `${begin}${text}${end}`;
}
