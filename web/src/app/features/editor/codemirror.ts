import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from '@codemirror/commands';
import { markdown, markdownKeymap, markdownLanguage } from '@codemirror/lang-markdown';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorSelection, EditorState } from '@codemirror/state';
import { EditorView, drawSelection, dropCursor, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { fillPlace, heldPlaces, holdPlace } from './held-places';

export type Mark = 'bold' | 'italic' | 'heading' | 'list' | 'tasks' | 'quote' | 'link';

export interface EditorOptions {
  readonly text: string;
  readonly placeholder: string;
  readonly label: string;
  readonly changed: (text: string) => void;
  readonly done: () => void;
  readonly saved: () => void;
  readonly preview: () => void;
  readonly files: (files: readonly File[]) => void;
}

export interface EditorHandle {
  /** Shows a text that was not typed here. */
  show(text: string): void;
  focus(): void;
  mark(mark: Mark): void;
  insert(text: string): void;
  /** Remembers where the cursor is, for what is inserted later. */
  hold(key: string): void;
  /** Inserts a paragraph where the place was held; false where none was. */
  fill(key: string, text: string): boolean;
  destroy(): void;
}

/** Markdown as it will look, with its signs in grey. Colours and fonts are the page's, by custom properties. */
const look = HighlightStyle.define([
  { tag: tags.heading1, fontSize: '1.5em', fontWeight: '600', lineHeight: '1.3' },
  { tag: tags.heading2, fontSize: '1.3em', fontWeight: '600' },
  { tag: tags.heading3, fontSize: '1.15em', fontWeight: '600' },
  { tag: [tags.heading4, tags.heading5, tags.heading6], fontWeight: '600' },
  { tag: tags.strong, fontWeight: '700' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: tags.link, color: 'var(--accent-text)' },
  { tag: tags.url, color: 'var(--ink-soft)' },
  { tag: tags.quote, color: 'var(--ink-soft)', fontStyle: 'italic' },
  { tag: tags.monospace, fontFamily: 'var(--font-mono)', fontSize: '0.9em' },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.meta], color: 'var(--ink-faint)' },
]);

const theme = EditorView.theme({
  '&': { color: 'var(--ink)', backgroundColor: 'transparent', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    fontFamily: 'var(--font-reading)',
    fontSize: 'var(--reading-size)',
    lineHeight: 'var(--reading-line)',
    overflow: 'visible',
  },
  '.cm-content': { padding: '0 0 40vh', caretColor: 'var(--accent)', minHeight: '50vh' },
  '.cm-line': { padding: '0' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '.cm-placeholder': { color: 'var(--ink-soft)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '.cm-panels': { backgroundColor: 'var(--surface)', color: 'var(--ink)', border: 'none' },
  '.cm-panels input, .cm-panels button': { font: 'inherit' },
  '.cm-searchMatch': { backgroundColor: 'var(--mark)' },
});

export function createEditor(root: ShadowRoot, options: EditorOptions): EditorHandle {
  let isShowing = false;
  const run = (action: () => void) => (): boolean => {
    action();
    return true;
  };
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        keymap.of([
          { key: 'Mod-b', run: target => wrap(target, '**') },
          { key: 'Mod-i', run: target => wrap(target, '_') },
          { key: 'Mod-k', run: link },
          { key: 'Mod-e', run: run(options.preview) },
          { key: 'Mod-s', run: run(options.saved), preventDefault: true },
          { key: 'Mod-Enter', run: run(options.done) },
          // Tab leaves the field, as everywhere; lists are indented by these.
          { key: 'Mod-]', run: indentMore },
          { key: 'Mod-[', run: indentLess },
          ...closeBracketsKeymap,
          ...markdownKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...defaultKeymap,
        ]),
        history(),
        heldPlaces,
        drawSelection(),
        dropCursor(),
        closeBrackets(),
        highlightSelectionMatches(),
        markdown({ base: markdownLanguage, addKeymap: false }),
        syntaxHighlighting(look),
        theme,
        EditorView.lineWrapping,
        placeholder(options.placeholder),
        EditorView.contentAttributes.of({
          'aria-label': options.label,
          'aria-multiline': 'true',
          role: 'textbox',
          spellcheck: 'true',
          autocorrect: 'on',
          autocapitalize: 'sentences',
        }),
        EditorView.updateListener.of(update => {
          if (update.docChanged && !isShowing) options.changed(update.state.doc.toString());
        }),
        EditorView.domEventHandlers({
          drop: (event, target) => {
            const at = target.posAtCoords({ x: event.clientX, y: event.clientY });
            if (at !== null && event.dataTransfer?.files.length) target.dispatch({ selection: { anchor: at } });
            return takeFiles(event.dataTransfer, event, options);
          },
          paste: event => takeFiles(event.clipboardData, event, options),
        }),
      ],
    }),
  });
  return {
    show(text) {
      const changes = replacement(view.state.doc.toString(), text);
      if (!changes) return;
      isShowing = true;
      view.dispatch({ changes });
      isShowing = false;
    },
    focus: () => view.focus(),
    mark(mark) {
      if (mark === 'bold') wrap(view, '**');
      else if (mark === 'italic') wrap(view, '_');
      else if (mark === 'link') link(view);
      else prefix(view, PREFIXES[mark]);
      view.focus();
    },
    insert(text) {
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    },
    hold: key => holdPlace(view, key),
    fill: (key, text) => fillPlace(view, key, text),
    destroy: () => view.destroy(),
  };
}

/** The change that makes one text of another, so that the cursor stays where it is; null where they are the same. */
export function replacement(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before.charCodeAt(from) === after.charCodeAt(from)) from += 1;
  let same = 0;
  while (
    same < shorter - from &&
    before.charCodeAt(before.length - 1 - same) === after.charCodeAt(after.length - 1 - same)
  )
    same += 1;
  return { from, to: before.length - same, insert: after.slice(from, after.length - same) };
}

const PREFIXES: Readonly<Record<'heading' | 'list' | 'tasks' | 'quote', string>> = {
  heading: '## ',
  list: '- ',
  tasks: '- [ ] ',
  quote: '> ',
};

function takeFiles(from: DataTransfer | null, event: Event, options: EditorOptions): boolean {
  const files = [...(from?.files ?? [])];
  if (files.length === 0) return false;
  event.preventDefault();
  options.files(files);
  return true;
}

/** Signs around the selection, or away when they are there. */
function wrap(view: EditorView, sign: string): boolean {
  const { state } = view;
  view.dispatch(
    state.update(
      state.changeByRange(range => {
        const before = state.sliceDoc(range.from - sign.length, range.from);
        const after = state.sliceDoc(range.to, range.to + sign.length);
        if (before === sign && after === sign) {
          return {
            changes: [
              { from: range.from - sign.length, to: range.from },
              { from: range.to, to: range.to + sign.length },
            ],
            range: EditorSelection.range(range.from - sign.length, range.to - sign.length),
          };
        }
        return {
          changes: [
            { from: range.from, insert: sign },
            { from: range.to, insert: sign },
          ],
          range: EditorSelection.range(range.from + sign.length, range.to + sign.length),
        };
      }),
      { scrollIntoView: true, userEvent: 'input' },
    ),
  );
  return true;
}

function link(view: EditorView): boolean {
  const { from, to } = view.state.selection.main;
  const text = view.state.sliceDoc(from, to);
  const insert = `[${text}](https://)`;
  const at = text === '' ? from + 1 : from + insert.length - 1;
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: at }, userEvent: 'input' });
  return true;
}

/** A sign at the beginning of each selected line, or away when all have it. */
function prefix(view: EditorView, sign: string): void {
  const { doc, selection } = view.state;
  const lines = [];
  for (let at = doc.lineAt(selection.main.from); ; at = doc.line(at.number + 1)) {
    lines.push(at);
    if (at.to >= selection.main.to || at.number === doc.lines) break;
  }
  const all = lines.every(line => line.text.startsWith(sign));
  view.dispatch({
    changes: lines.map(line =>
      all ? { from: line.from, to: line.from + sign.length } : { from: line.from, insert: sign },
    ),
    userEvent: 'input',
  });
}
