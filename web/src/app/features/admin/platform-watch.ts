import { DestroyRef, Injectable, computed, effect, inject, signal, untracked } from '@angular/core';
import { type Failure, failureOf } from '@/core/failure';
import { GraphQL } from '@/core/graphql/graphql';
import { Live } from '@/core/graphql/live';
import { PlatformChangedDocument, type PlatformFieldsFragment, PlatformNowDocument } from '@/gql/generated';
import { callsOf, deliveriesOf, ratesBetween, remembered } from './rates';

/** Without news for so long, as where a proxy lets no WebSocket pass, it is asked for, in milliseconds. */
const SILENCE_MS = 5_000;

/** The platform as it runs, about once a second, while its page is open: a component provides it. */
@Injectable()
export class PlatformWatch {
  private readonly graphql = inject(GraphQL);
  private readonly live = inject(Live);
  private readonly seen = signal<PlatformFieldsFragment | null>(null);
  private readonly past = signal<ReadonlyMap<string, readonly number[]>>(new Map());
  private readonly flowing = signal<ReadonlyMap<string, number>>(new Map());
  private readonly failed = signal<Failure | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isOver = false;

  readonly platform = this.seen.asReadonly();
  readonly failure = this.failed.asReadonly();
  /** Calls in a second of each component, the latest last. */
  readonly calls = this.past.asReadonly();
  /** Deliveries in a second between a producer and a subscription. */
  readonly deliveries = this.flowing.asReadonly();

  constructor() {
    const isConnected = computed(() => this.live.state() !== 'off');
    effect(onCleanup => {
      if (!isConnected()) return;
      const stop = untracked(() =>
        this.live.watch(
          PlatformChangedDocument,
          data => this.take(data.platformChanged),
          error => this.failed.set(failureOf(error)),
        ),
      );
      onCleanup(stop);
    });
    inject(DestroyRef).onDestroy(() => {
      this.isOver = true;
      clearTimeout(this.timer);
    });
    void this.ask();
  }

  async ask(): Promise<void> {
    this.failed.set(null);
    try {
      const { platform } = await this.graphql.query(PlatformNowDocument, {});
      if (platform) this.take(platform);
    } catch (error) {
      const failure = failureOf(error);
      this.failed.set(failure);
      if (failure.isPassing) this.waitForNews();
    }
  }

  private take(now: PlatformFieldsFragment): void {
    const before = this.seen();
    // An answer may be overtaken by a later one.
    if (this.isOver || (before && before.startedAt === now.startedAt && before.at >= now.at)) return;
    this.seen.set(now);
    this.failed.set(null);
    const calls = ratesBetween(before, now, callsOf);
    if (calls) this.past.update(past => remembered(past, calls));
    const deliveries = ratesBetween(before, now, deliveriesOf);
    if (deliveries) this.flowing.set(deliveries);
    this.waitForNews();
  }

  private waitForNews(): void {
    clearTimeout(this.timer);
    if (!this.isOver) this.timer = setTimeout(() => void this.ask(), SILENCE_MS);
  }
}
