import type { PlatformFieldsFragment } from '@/gql/generated';

/** How many values a line of the past has. */
export const HISTORY_MAX = 60;

/** How much more there was in a second between two looks, by name. Null where they are not of one start of one host. */
export function ratesBetween(
  before: PlatformFieldsFragment | null,
  now: PlatformFieldsFragment,
  count: (platform: PlatformFieldsFragment) => ReadonlyMap<string, number>,
): ReadonlyMap<string, number> | null {
  if (!before || before.startedAt !== now.startedAt) return null;
  const seconds = (Date.parse(now.at) - Date.parse(before.at)) / 1000;
  if (!(seconds > 0)) return null;
  const earlier = count(before);
  return new Map(
    [...count(now)].map(([name, value]) => [name, Math.max(0, value - (earlier.get(name) ?? 0)) / seconds]),
  );
}

export const callsOf = (platform: PlatformFieldsFragment): ReadonlyMap<string, number> =>
  new Map(platform.components.map(component => [component.name, component.calls]));

/** Deliveries by the name of what `edgeOf` makes of a flow and a producer. */
export function deliveriesOf(platform: PlatformFieldsFragment): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const flow of platform.flows) {
    for (const producer of flow.producers) {
      const edge = edgeOf(producer, flow.subscription);
      counts.set(edge, (counts.get(edge) ?? 0) + flow.delivered);
    }
  }
  return counts;
}

export const edgeOf = (producer: string, subscription: string): string => `${producer} → ${subscription}`;

/** The past of each name with one more value, the latest last. */
export function remembered(
  past: ReadonlyMap<string, readonly number[]>,
  rates: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly number[]> {
  return new Map([...rates].map(([name, rate]) => [name, [...(past.get(name) ?? []), rate].slice(-HISTORY_MAX)]));
}
