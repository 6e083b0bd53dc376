import type { MediaFieldsFragment } from '@/gql/generated';
import { type MarkdownOptions, renderMarkdown } from './markdown';

const picture: MediaFieldsFragment = {
  id: '1',
  kind: 'IMAGE',
  fileName: 'a.jpg',
  contentType: 'image/jpeg',
  bytes: 1,
  width: 40,
  height: 30,
  durationMs: null,
  url: '/media/1?expires=1&signature=s',
  thumbnailUrl: null,
  reference: 'media:1',
  createdAt: '2026-11-30T10:00:00Z',
};

function shown(text: string, options?: MarkdownOptions): HTMLElement {
  const element = document.createElement('div');
  element.append(renderMarkdown(text, options));
  return element;
}

describe('Markdown', () => {
  it('is shown with headings below the title of the page', () => {
    expect(shown('# One\n\ntwo **three**').innerHTML).toContain('<h2>One</h2>');
  });

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>">',
    '<style>@import "//evil"</style>',
    '<form action="//evil"><input name=a></form>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '![x](javascript:alert(1))',
    '![x" onerror="alert(1)](media:1)',
    '<div style="position:fixed">x</div>',
    '<math><mtext></p><mglyph><style><img src=x onerror=alert(1)>',
    '```<img src=x onerror=alert(1)>\n</code><script>alert(1)</script>',
  ])('takes no code from %s', text => {
    const element = shown(text, { media: [picture] });
    expect(element.querySelectorAll('script, iframe, svg, style, form, input, object, embed, math')).toHaveLength(0);
    for (const each of element.querySelectorAll('*')) {
      for (const { name, value } of each.attributes) {
        expect(name).not.toMatch(/^on|^style$/u);
        expect(value).not.toMatch(/^\s*(?:javascript|data):/iu);
      }
    }
  });

  it('shows HTML as it was typed', () => {
    expect(shown('a <b>bold</b> word').textContent).toContain('a <b>bold</b> word');
  });

  it('shows uploads, and links pictures of other servers', () => {
    const image = shown('![at the sea](media:1)', { media: [picture] }).querySelector('img');
    expect(image?.getAttribute('src')).toBe('/media/1/display?expires=1&signature=s');
    expect(image?.getAttribute('alt')).toBe('at the sea');
    const other = shown('![cat](https://example.org/cat.png)');
    expect(other.querySelector('img')).toBeNull();
    expect(other.querySelector('a')?.getAttribute('rel')).toContain('noopener');
    expect(shown('![gone](media:2)').textContent?.trim()).toBe('gone');
  });

  it('marks passages, across elements too', () => {
    const text = 'I am **very proud** of the team.\n\nAnd tired.';
    const start = text.indexOf('am');
    const end = text.indexOf('of');
    const element = shown(text, { passages: [{ start, end }] });
    const marked = [...element.querySelectorAll('mark')].map(mark => mark.textContent).join('');
    expect(marked.replace(/\s+/gu, ' ').trim()).toBe('am very proud');
    expect(element.textContent).not.toMatch(/[\u2E02\u2E03]/u);
  });

  it.each([
    ['- a heron\n- two boats', '- a heron', 'a heron', 'li'],
    ['## Today\n\nRain.', '## Today', 'Today', 'h3'],
    ['> so he said', '> so he said', 'so he said', 'blockquote'],
    ['_softly_ it fell', '_softly_ it', 'softly it', 'em'],
    [
      'see [the sea](https://example.org/sea) there',
      'the sea](https://example.org',
      'the sea',
      'a[href="https://example.org/sea"]',
    ],
  ])('marks in %s what is cited, and shows the rest as without', (text, cited, marked, selector) => {
    const start = text.indexOf(cited);
    const element = shown(text, { passages: [{ start, end: start + cited.length }] });
    expect([...element.querySelectorAll('mark')].map(mark => mark.textContent).join('')).toBe(marked);
    expect(element.querySelector(selector)).not.toBeNull();
    expect(element.innerHTML).not.toMatch(/[\u2E02\u2E03]|%E2%B8/iu);
  });
});
