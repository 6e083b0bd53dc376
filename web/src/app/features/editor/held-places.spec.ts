import { EditorState, type TransactionSpec } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import { asParagraph, fillPlace, heldPlaces, holdPlace } from './held-places';

/** An editor without a page: nothing is drawn. */
function view(doc: string, cursor: number): EditorView {
  const editor = {
    state: EditorState.create({ doc, selection: { anchor: cursor }, extensions: [heldPlaces] }),
    dispatch(change: TransactionSpec): void {
      this.state = this.state.update(change).state;
    },
  };
  return editor as unknown as EditorView;
}

describe('a place that is held', () => {
  it('moves with what is typed before it', () => {
    const editor = view('one two', 3);
    holdPlace(editor, 'a');
    editor.dispatch({ changes: { from: 0, insert: 'zero ' } });
    expect(fillPlace(editor, 'a', '![p](media:1)')).toBe(true);
    expect(editor.state.doc.toString()).toBe('zero one\n\n![p](media:1)\n\n two');
  });

  it('is filled once', () => {
    const editor = view('', 0);
    holdPlace(editor, 'a');
    expect(fillPlace(editor, 'a', 'x')).toBe(true);
    expect(fillPlace(editor, 'a', 'x')).toBe(false);
  });

  it('keeps the order of several', () => {
    const editor = view('text', 4);
    holdPlace(editor, 'a');
    holdPlace(editor, 'b');
    fillPlace(editor, 'a', 'first');
    fillPlace(editor, 'b', 'second');
    expect(editor.state.doc.toString()).toBe('text\n\nfirst\n\nsecond\n\n');
  });

  it('keeps the order of several, whichever comes first', () => {
    const editor = view('text', 4);
    holdPlace(editor, 'a');
    holdPlace(editor, 'b');
    fillPlace(editor, 'b', 'second');
    fillPlace(editor, 'a', 'first');
    expect(editor.state.doc.toString()).toBe('text\n\nfirst\n\nsecond\n\n');
  });

  it('gets as many line breaks as it needs', () => {
    expect(asParagraph('', 'x', '')).toBe('x\n\n');
    expect(asParagraph('a\n', 'x', '\nb')).toBe('\nx\n');
    expect(asParagraph('a\n\n', 'x', '\n\nb')).toBe('x');
  });
});
