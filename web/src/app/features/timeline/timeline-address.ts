import { Injectable, signal } from '@angular/core';

/** The address of the timeline as it was seen last, for the way back from an entry. */
@Injectable({ providedIn: 'root' })
export class TimelineAddress {
  readonly params = signal<Readonly<Record<string, string | null>>>({});
}
