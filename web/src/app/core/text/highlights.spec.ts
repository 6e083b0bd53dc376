import { highlighted } from './highlights';

describe('highlights of a search', () => {
  it('are parts of text', () => {
    expect(highlighted('a <mark>walk</mark> &amp; more')).toEqual([
      { text: 'a ', isFound: false },
      { text: 'walk', isFound: true },
      { text: ' & more', isFound: false },
    ]);
  });

  it('never become elements', () => {
    expect(highlighted('&lt;img src=x onerror=alert(1)&gt;<b>x</b>')).toEqual([
      { text: '<img src=x onerror=alert(1)><b>x</b>', isFound: false },
    ]);
  });
});
