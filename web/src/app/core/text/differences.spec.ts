import { differences } from './differences';

describe('what differs between two texts', () => {
  it('is nothing where they are the same', () => {
    expect(differences('a walk', 'a walk')).toEqual([{ text: 'a walk', in: 'both' }]);
    expect(differences('', '')).toEqual([]);
  });

  it('is by words', () => {
    expect(differences('a long walk home', 'a short walk home')).toEqual([
      { text: 'a ', in: 'both' },
      { text: 'long', in: 'first' },
      { text: 'short', in: 'second' },
      { text: ' walk home', in: 'both' },
    ]);
  });

  it('leaves both texts whole', () => {
    const [first, second] = ['one two three\n\nfour', 'zero one three four\nfive'];
    const parts = differences(first, second);
    const of = (side: string) =>
      parts
        .filter(part => part.in !== side)
        .map(part => part.text)
        .join('');
    expect(of('second')).toBe(first);
    expect(of('first')).toBe(second);
  });

  it('takes long texts that have nothing in common as they are', () => {
    const [first, second] = ['a '.repeat(5_000), 'b '.repeat(5_000)];
    expect(differences(first, second)[0]?.in).toBe('first');
  });
});
