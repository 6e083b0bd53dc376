import { blankEntry } from '@/core/journal/entry';
import { excerptOf } from './excerpt';
import { byDay } from './timeline-store';

describe('the timeline', () => {
  it('has the entries of a day together', () => {
    const entry = (id: string, day: string) => blankEntry(id, `${day}T10:00:00Z`, day);
    const days = byDay([entry('a', '2026-11-30'), entry('b', '2026-11-30'), entry('c', '2026-11-28')]);
    expect(days.map(day => [day.date, day.entries.length])).toEqual([
      ['2026-11-30', 2],
      ['2026-11-28', 1],
    ]);
  });

  it('shows the beginning of a text without signs', () => {
    expect(excerptOf('## A walk\n\n- by the **river**\n- [home](https://x.y)', '')).toBe('A walk by the river home');
  });

  it('does not say a title twice', () => {
    expect(excerptOf('A walk by the river. It was cold.', 'A walk by the river')).toBe('It was cold.');
  });
});
