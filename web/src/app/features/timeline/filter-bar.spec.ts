import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { TranslocoService, provideTransloco } from '@jsverse/transloco';
import { firstValueFrom } from 'rxjs';
import { Auth } from '@/core/auth/auth';
import { Journals } from '@/core/journal/journals';
import { Tags } from '@/core/journal/tags';
import { LANGUAGES, TEXTS } from '@/core/text/languages';
import type { JournalFilter } from '@/gql/generated';
import { FilterBar } from './filter-bar';

describe('the filter of the timeline', () => {
  it('shows its further part while that is asked for, and is narrowed by it', async () => {
    const config = { availableLangs: [...LANGUAGES], defaultLang: 'en', prodMode: true };
    TestBed.configureTestingModule({
      providers: [
        provideTransloco({ config }),
        TEXTS,
        { provide: Auth, useValue: { person: signal(null) } },
        { provide: Journals, useValue: { all: signal([]) } },
        { provide: Tags, useValue: { all: signal([{ id: 't', name: 'river', entryCount: 1 }]) } },
      ],
    });
    await firstValueFrom(TestBed.inject(TranslocoService).load('en'));
    const fixture = TestBed.createComponent(FilterBar);
    const asked: JournalFilter[] = [];
    fixture.componentRef.setInput('filter', { pinned: true });
    fixture.componentInstance.filterChange.subscribe(filter => asked.push(filter));
    const element = fixture.nativeElement as HTMLElement;
    const more = () => element.querySelector<HTMLElement>('[aria-controls=filter-more]');
    const mood = () => element.querySelector<HTMLSelectElement>('.filter__more select');
    await fixture.whenStable();
    expect(mood()).toBeNull();

    more()?.click();
    await vi.waitFor(async () => {
      await fixture.whenStable();
      expect(mood()).not.toBeNull();
    });
    const select = mood() as HTMLSelectElement;
    select.value = 'HAPPY';
    select.dispatchEvent(new Event('change'));
    expect(asked).toEqual([{ pinned: true, mood: 'HAPPY' }]);

    fixture.componentRef.setInput('filter', asked[0]);
    await fixture.whenStable();
    expect([...(mood()?.selectedOptions ?? [])].map(option => option.value)).toEqual(['HAPPY']);
    more()?.click();
    await fixture.whenStable();
    expect(mood()).toBeNull();
  });
});
