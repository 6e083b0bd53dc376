import { replacement } from './codemirror';

describe('a text that was not typed here', () => {
  it('changes what differs alone, so that the cursor stays where it is', () => {
    expect(replacement('one two three', 'one 2 three')).toEqual({ from: 4, to: 7, insert: '2' });
    expect(replacement('aaa', 'aa')).toEqual({ from: 2, to: 3, insert: '' });
    expect(replacement('', 'x')).toEqual({ from: 0, to: 0, insert: 'x' });
    expect(replacement('same', 'same')).toBeNull();
  });
});
