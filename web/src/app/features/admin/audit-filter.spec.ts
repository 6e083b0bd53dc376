import { filterOf } from './audit-filter';

describe('what is looked for in the audit trail', () => {
  it('is everything where nothing is said', () => {
    expect(filterOf({ type: '', from: 'yesterday' })).toEqual({ eventType: null, userId: null, from: null, to: null });
  });

  it('has its last day within', () => {
    expect(filterOf({ from: '2026-11-30', to: '2026-11-30' })).toMatchObject({
      from: '2026-11-30T00:00:00Z',
      to: '2026-12-01T00:00:00Z',
    });
  });
});
