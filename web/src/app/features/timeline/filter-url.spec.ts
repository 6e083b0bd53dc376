import type { JournalFilter } from '@/gql/generated';
import { filterOf, paramsOf } from './filter-url';

describe('the address of a filter', () => {
  it('says all of it', () => {
    const filter: JournalFilter = {
      text: 'river',
      mood: 'CALM',
      from: '2026-01-01',
      to: '2026-01-31',
      pinned: true,
      journalId: 'j',
      tagsAll: ['walk', 'home'],
      tagsNone: ['work, paid', '100 %'],
    };
    expect(filterOf(paramsOf(filter))).toEqual(filter);
  });

  it('is empty of none', () => {
    expect(Object.values(paramsOf({})).every(value => value === null)).toBe(true);
    expect(filterOf({})).toEqual({});
  });

  it('passes over what is not written as it has to be', () => {
    expect(filterOf({ mood: 'PURPLE', from: 'yesterday', pinned: 'maybe', all: ',', text: ' ' })).toEqual({});
  });
});
