import DOMPurify from 'dompurify';
import { Marked, type Tokens } from 'marked';
import type { MediaFieldsFragment } from '@/gql/generated';
import { displayUrl } from '../media/address';

export interface Passage {
  /** In UTF-16 code units of the text, as the platform counts. */
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

export interface MarkdownOptions {
  /** The uploads that `media:ID` may name. */
  readonly media?: readonly MediaFieldsFragment[];
  /** What is marked. */
  readonly passages?: readonly Passage[];
}

/**
 * Signs of old manuscripts stand for the ends of a marked passage until the text is HTML. They are punctuation, as the rules of Markdown
 * for what may begin and end an emphasis need it; where a text has them itself, nothing is marked by them.
 */
const BEGIN = '\u2E02';
const END = '\u2E03';
const ENDS = /[\u2E02\u2E03]/gu;
/** What begins a block: a marked passage begins behind it, or it would be none. */
const BLOCK = /^(?:[ \t]*(?:[-*+]|\d+[.)]|#{1,6}|>)[ \t]+)*(?:\[[ xX]\][ \t]+)?/u;

const TAGS = [
  ...[
    'p',
    'br',
    'hr',
    'h2',
    'h3',
    'h4',
    'h5',
    'h6',
    'strong',
    'em',
    'del',
    'a',
    'code',
    'pre',
    'blockquote',
    'ul',
    'ol',
    'li',
  ],
  ...['table', 'thead', 'tbody', 'tr', 'th', 'td', 'img', 'audio', 'span', 'figure', 'figcaption', 'mark'],
];
const ATTRIBUTES = [
  'href',
  'src',
  'alt',
  'title',
  'class',
  'start',
  'loading',
  'decoding',
  'controls',
  'preload',
  'width',
  'height',
  'align',
];

/**
 * Markdown as the nodes to show. HTML in it is shown as it was typed, never taken as HTML; pictures are those of the platform alone, so
 * that reading an entry asks no other server for anything.
 */
export function renderMarkdown(text: string, options: MarkdownOptions = {}): DocumentFragment {
  const html = parser(options.media ?? []).parse(withEnds(text, options.passages ?? []), { async: false });
  const fragment = DOMPurify.sanitize(html, {
    RETURN_DOM_FRAGMENT: true,
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|\/)/iu,
  });
  for (const link of fragment.querySelectorAll('a[href]')) {
    link.setAttribute('target', '_blank');
    link.setAttribute('rel', 'noopener noreferrer nofollow');
  }
  if (options.passages?.length) markPassages(fragment);
  return fragment;
}

function parser(media: readonly MediaFieldsFragment[]): Marked {
  const known = new Map(media.map(each => [each.reference, each]));
  const marked: Marked = new Marked({ gfm: true, breaks: true });
  marked.use({
    renderer: {
      html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
      heading(this: { parser: { parseInline(tokens: Tokens.Generic[]): string } }, { tokens, depth }: Tokens.Heading) {
        // The page's own heading is the entry's title.
        const level = Math.min(6, depth + 1);
        return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
      },
      checkbox: ({ checked }: Tokens.Checkbox) => `<span class="task">${checked ? '☑' : '☐'}</span> `,
      image: ({ href, text }: Tokens.Image) => pictureOf(href, text, known.get(href.replace(ENDS, ''))),
    },
  });
  return marked;
}

function pictureOf(href: string, text: string, media: MediaFieldsFragment | undefined): string {
  if (media?.kind === 'AUDIO') {
    return `<audio controls preload="none" src="${escaped(media.url)}" title="${escaped(text || media.fileName)}"></audio>`;
  }
  if (media) {
    const size = media.width && media.height ? ` width="${media.width}" height="${media.height}"` : '';
    return `<img src="${escaped(displayUrl(media.url))}" alt="${escaped(text)}" loading="lazy" decoding="async"${size}>`;
  }
  // One of another server is a link: to show it would say there who reads what.
  return /^https?:/iu.test(href) ? `<a href="${escaped(href)}">${escaped(text || href)}</a>` : escaped(text);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/gu, character => `&#${character.charCodeAt(0)};`);
}

function withEnds(text: string, passages: readonly Passage[]): string {
  let marked = '';
  let at = 0;
  const own = (from: number, to: number): string =>
    passages.length > 0 ? text.slice(from, to).replace(ENDS, ' ') : text.slice(from, to);
  for (const { start, end } of [...passages].sort((a, b) => a.start - b.start)) {
    const lineEnd = text.indexOf('\n', start);
    const isLineBegin = start === 0 || text[start - 1] === '\n';
    const line = text.slice(start, lineEnd < 0 ? end : Math.min(lineEnd, end));
    const from = start + (isLineBegin ? (BLOCK.exec(line)?.[0].length ?? 0) : 0);
    if (from < at || end <= from || end > text.length) continue;
    marked += `${own(at, from)}${BEGIN}${own(from, end)}${END}`;
    at = end;
  }
  return marked + own(at, text.length);
}

/** Puts `<mark>` around what is between the ends, which may lie in different elements. */
function markPassages(fragment: DocumentFragment): void {
  freeEnds(fragment);
  const texts: Text[] = [];
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  let inside = false;
  for (const node of texts) {
    const said = node.data;
    if (!inside && !said.includes(BEGIN)) continue;
    const parts: (string | Node)[] = [];
    for (const part of said.split(/([\u2E02\u2E03])/u)) {
      if (part === BEGIN) inside = true;
      else if (part === END) inside = false;
      else if (part !== '' && inside && part.trim() !== '') {
        const mark = document.createElement('mark');
        mark.textContent = part;
        parts.push(mark);
      } else parts.push(part);
    }
    node.replaceWith(...parts);
  }
}

/** A passage that begins or ends within an address does so behind its link or picture. */
function freeEnds(fragment: DocumentFragment): void {
  for (const element of fragment.querySelectorAll('*')) {
    for (const { name, value } of [...element.attributes]) {
      const decoded = decodedEnds(value);
      const ends = decoded.match(ENDS);
      if (!ends) continue;
      element.setAttribute(name, decoded.replace(ENDS, ''));
      element.after(ends.join(''));
    }
  }
}

/** Addresses have them encoded. */
function decodedEnds(value: string): string {
  return value.replace(/%E2%B8%8[23]/giu, encoded => (encoded.endsWith('2') ? BEGIN : END));
}
