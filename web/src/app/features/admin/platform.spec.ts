import type { PlatformFieldsFragment } from '@/gql/generated';
import { layoutOf } from './flow-layout';
import { callsOf, deliveriesOf, ratesBetween, remembered } from './rates';

type Component = PlatformFieldsFragment['components'][number];

const component = (name: string, calls: number): Component => ({
  name,
  calls,
  state: 'READY',
  generation: 1,
  since: '2026-11-30T10:00:00Z',
  digest: '0',
  instances: 1,
  memoryBytes: 1,
  callsNow: 0,
  callsMax: 8,
  failures: 0,
  latency: null,
  publishes: [],
  callees: [],
});

function seen(second: number, calls: number, startedAt = '2026-11-30T10:00:00Z'): PlatformFieldsFragment {
  return {
    at: new Date(Date.UTC(2026, 10, 30, 10, 0, second)).toISOString(),
    startedAt,
    components: [component('query', calls)],
    subscriptions: null,
    flows: [],
  };
}

const flow = (eventType: string, subscription: string, delivered: number, producers = ['command']) => ({
  eventType,
  producers,
  subscription,
  delivered,
  failed: 1,
});

describe('the live view of the platform', () => {
  it('reckons calls in a second between two looks', () => {
    expect(ratesBetween(seen(0, 10), seen(2, 30), callsOf)?.get('query')).toBe(10);
  });

  it('knows no rate over a new start of the host, or without an earlier look', () => {
    expect(ratesBetween(null, seen(0, 10), callsOf)).toBeNull();
    expect(ratesBetween(seen(0, 10), seen(2, 3, '2026-11-30T10:00:01Z'), callsOf)).toBeNull();
    expect(ratesBetween(seen(0, 10), seen(0, 10), callsOf)).toBeNull();
  });

  it('counts all events between a producer and a subscription together', () => {
    const flows = [flow('JournalEntryCreated', 'query', 3), flow('JournalEntryUpdated', 'query', 2)];
    expect(deliveriesOf({ ...seen(0, 0), flows }).get('command → query')).toBe(5);
    const layout = layoutOf(flows, ['query', 'search']);
    expect(layout.edges).toHaveLength(1);
    expect(layout.edges[0]).toMatchObject({
      events: ['JournalEntryCreated', 'JournalEntryUpdated'],
      delivered: 5,
      failed: 2,
    });
  });

  it('shows subscriptions that had no event yet', () => {
    const layout = layoutOf([flow('JournalEntryCreated', 'query', 0)], ['query', 'search']);
    expect(layout.subscriptions.map(node => node.name)).toEqual(['query', 'search']);
    expect(layoutOf([], []).height).toBeGreaterThan(0);
  });

  it('remembers as much of the past as a line shows', () => {
    let past: ReadonlyMap<string, readonly number[]> = new Map();
    for (let second = 0; second < 100; second++) past = remembered(past, new Map([['query', second]]));
    expect(past.get('query')).toHaveLength(60);
    expect(past.get('query')?.at(-1)).toBe(99);
  });
});
