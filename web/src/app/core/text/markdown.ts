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

/** Characters for private use stand for the ends of a marked passage until the text is HTML. */
const BEGIN = '\uE0F0';
const END = '\uE0F1';
const ENDS = /[\uE0F0\uE0F1]/gu;

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
  markPassages(fragment);
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
  for (const { start, end } of [...passages].sort((a, b) => a.start - b.start)) {
    if (start < at || end <= start || end > text.length) continue;
    marked += `${text.slice(at, start)}${BEGIN}${text.slice(start, end)}${END}`;
    at = end;
  }
  return marked + text.slice(at);
}

/** Puts `<mark>` around what is between the ends, which may lie in different elements. */
function markPassages(fragment: DocumentFragment): void {
  const texts: Text[] = [];
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  let inside = false;
  for (const node of texts) {
    const said = node.data;
    if (!inside && !said.includes(BEGIN)) continue;
    const parts: (string | Node)[] = [];
    for (const part of said.split(/([\uE0F0\uE0F1])/u)) {
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
