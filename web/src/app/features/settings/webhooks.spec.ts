import { deliveriesTo } from './webhooks';

const sent = (purpose: 'WEBHOOK' | 'ANALYSIS', host: string) => ({
  id: `${purpose} ${host}`,
  at: '2026-11-30T10:00:00Z',
  purpose,
  host,
  model: null,
  bytes: 10,
  entryId: null,
  entryVersion: null,
});

describe('deliveries of a webhook', () => {
  it('are what was sent to its host and port as a webhook', () => {
    const ledger = [sent('WEBHOOK', 'a.example'), sent('ANALYSIS', 'a.example'), sent('WEBHOOK', 'a.example:8443')];
    expect(deliveriesTo('https://a.example/hook', ledger).map(each => each.id)).toEqual(['WEBHOOK a.example']);
    expect(deliveriesTo('https://a.example:8443/', ledger).map(each => each.id)).toEqual(['WEBHOOK a.example:8443']);
    expect(deliveriesTo('no address', ledger)).toEqual([]);
  });
});
