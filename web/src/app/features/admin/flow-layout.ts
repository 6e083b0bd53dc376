import type { PlatformFieldsFragment } from '@/gql/generated';
import { edgeOf } from './rates';

export interface FlowNode {
  readonly name: string;
  /** Its middle. */
  readonly y: number;
}

export interface FlowEdge {
  readonly id: string;
  readonly producer: string;
  readonly subscription: string;
  readonly events: readonly string[];
  readonly delivered: number;
  readonly failed: number;
  /** Of an SVG. */
  readonly path: string;
}

export interface FlowLayout {
  readonly height: number;
  readonly producers: readonly FlowNode[];
  readonly subscriptions: readonly FlowNode[];
  readonly edges: readonly FlowEdge[];
}

export const ROW_HEIGHT = 44;
/** Where the names of producers end, and those of subscriptions begin. */
export const LEFT = 190;
export const RIGHT = 560;
export const WIDTH = 900;

/** Who publishes events on the left, who gets them on the right, and a line between them for all types of events together. */
export function layoutOf(flows: PlatformFieldsFragment['flows'], names: readonly string[]): FlowLayout {
  const producers = [...new Set(flows.flatMap(flow => flow.producers))].sort();
  const subscriptions = [...new Set([...names, ...flows.map(flow => flow.subscription)])].sort();
  const height = Math.max(producers.length, subscriptions.length, 1) * ROW_HEIGHT;
  const left = spread(producers, height);
  const right = spread(subscriptions, height);
  const edges = new Map<string, FlowEdge>();
  for (const flow of flows) {
    for (const producer of flow.producers) {
      const id = edgeOf(producer, flow.subscription);
      const known = edges.get(id);
      edges.set(id, {
        id,
        producer,
        subscription: flow.subscription,
        events: [...(known?.events ?? []), flow.eventType],
        delivered: (known?.delivered ?? 0) + flow.delivered,
        failed: (known?.failed ?? 0) + flow.failed,
        path: pathBetween(yOf(left, producer), yOf(right, flow.subscription)),
      });
    }
  }
  return { height, producers: left, subscriptions: right, edges: [...edges.values()] };
}

function spread(names: readonly string[], height: number): readonly FlowNode[] {
  const step = height / Math.max(names.length, 1);
  return names.map((name, index) => ({ name, y: Math.round(step * (index + 0.5)) }));
}

const yOf = (nodes: readonly FlowNode[], name: string): number => nodes.find(node => node.name === name)?.y ?? 0;

function pathBetween(from: number, to: number): string {
  const middle = (LEFT + RIGHT) / 2;
  return `M${LEFT} ${from}C${middle} ${from} ${middle} ${to} ${RIGHT} ${to}`;
}
