import { Injectable, computed, signal } from '@angular/core';

/** Whether the platform can be reached: as the browser says, and as the last request found. */
@Injectable({ providedIn: 'root' })
export class Reachability {
  private readonly network = signal(typeof navigator === 'undefined' || navigator.onLine);
  private readonly answers = signal(true);

  readonly online = computed(() => this.network() && this.answers());
  /** Whether the browser has a network at all; the platform may be away all the same. */
  readonly hasNetwork = this.network.asReadonly();

  constructor() {
    globalThis.addEventListener?.('online', () => {
      this.network.set(true);
      this.answers.set(true);
    });
    globalThis.addEventListener?.('offline', () => this.network.set(false));
  }

  note(answered: boolean): void {
    this.answers.set(answered);
    if (answered) this.network.set(true);
  }
}
