import { TestBed } from '@angular/core/testing';
import { Router } from '@angular/router';
import { TranslocoService } from '@jsverse/transloco';
import { Subject } from 'rxjs';
import { Entries, type EntryEvent } from '../core/journal/entries';
import { Toasts } from '../ui/toasts';
import { InsightToasts } from './insight-toasts';

describe('insights that are ready', () => {
  function world(url: string) {
    const events = new Subject<EntryEvent>();
    const show = vi.fn();
    const navigate = vi.fn();
    TestBed.configureTestingModule({
      providers: [
        { provide: Entries, useValue: { events, local: async () => ({ title: 'A walk' }) } },
        { provide: Router, useValue: { url, navigate } },
        { provide: Toasts, useValue: { show } },
        { provide: TranslocoService, useValue: { getActiveLang: () => 'en', translate: (key: string) => key } },
      ],
    });
    TestBed.inject(InsightToasts);
    return { events, show, navigate };
  }

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('are announced, with the way to them', async () => {
    const { events, show, navigate } = world('/calendar');
    events.next({ kind: 'analysis', id: 'e' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(show).toHaveBeenCalledTimes(1);
    show.mock.calls[0]?.[1]?.action.run();
    expect(navigate).toHaveBeenCalledWith(['/entries', 'e']);
  });

  it('are one message where many come together', async () => {
    const { events, show } = world('/');
    for (const id of ['a', 'b', 'c']) events.next({ kind: 'analysis', id });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(show.mock.calls).toEqual([['news.insightsMany_other']]);
  });

  it('are not announced where their entry is read', async () => {
    const { events, show } = world('/entries/e?from=search');
    events.next({ kind: 'analysis', id: 'e' });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(show).not.toHaveBeenCalled();
  });
});
