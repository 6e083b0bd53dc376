import { Component, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type Route, RouteReuseStrategy, Router, provideRouter } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { TranslocoService } from '@jsverse/transloco';
import { NEVER } from 'rxjs';
import { routes } from '@/app.routes';
import { blankEntry } from '@/core/journal/entry';
import { Journals } from '@/core/journal/journals';
import { Uploads } from '@/core/media/uploads';
import type { Outcome } from '@/core/offline/outbox-item';
import { FailureText } from '@/core/text/failure-text';
import { Deletion } from '@/features/timeline/deletion';
import { PageReuse } from '@/shell/page-reuse';
import { Shortcuts } from '@/shell/shortcuts';
import { Confirm } from '@/ui/confirm';
import { GoingOn } from '@/ui/going-on';
import { blankDraft } from './draft';
import { EditorPage } from './editor-page';
import { Writing } from './writing';

@Component({ selector: 'mf-elsewhere', template: '' })
class Elsewhere {}

const SAVED: Outcome = { kind: 'sent', entry: blankEntry('e', '2026-11-30T10:00:00Z', '2026-11-30') };

/** As the client has the route, with what is loaded for it already here. */
function routeOf(path: string): Route {
  const route = routes.flatMap(({ children }) => children ?? []).find(each => each.path === path);
  return { ...route, loadComponent: () => EditorPage };
}

async function world() {
  /** Ends the saving of each text that was done. */
  const saved: ((outcome: Outcome) => void)[] = [];
  /** Ends the loading of the page `/late`. */
  const loaded = Promise.withResolvers<typeof Elsewhere>();
  const left = vi.fn(async () => undefined);
  const deleted = vi.fn(async (_id: string, _title: string, goOn: (path: string) => Promise<boolean>) => goOn('/'));
  const putAway = Promise.withResolvers<undefined>();
  const writing = () => ({
    isThere: signal(true),
    isNew: signal(true),
    state: signal('clean'),
    draft: signal(blankDraft('e', '2026-11-30', null)),
    ...{ conflict: signal(null), refusal: signal(null), entry: signal(null), media: signal([]) },
    begin: () => 'e',
    leave: left,
    finish: () => new Promise<Outcome>(resolve => saved.push(resolve)),
    putAway: () => putAway.promise,
    forget: async () => undefined,
  });
  TestBed.overrideComponent(EditorPage, {
    set: {
      imports: [],
      providers: [
        GoingOn,
        { provide: Writing, useFactory: writing },
        { provide: Uploads, useValue: { all: signal([]), arrived: NEVER } },
      ],
      template: '<button class="done" (click)="finish()"></button><button class="delete" (click)="remove()"></button>',
    },
  });
  TestBed.configureTestingModule({
    providers: [
      provideRouter([
        { path: '', pathMatch: 'full', component: Elsewhere },
        { path: 'entries/:id', component: Elsewhere },
        { path: 'calendar', component: Elsewhere },
        { path: 'late', loadComponent: () => loaded.promise },
        routeOf('write'),
        routeOf('entries/:id/edit'),
      ]),
      { provide: RouteReuseStrategy, useExisting: PageReuse },
      { provide: Deletion, useValue: { run: deleted } },
      { provide: Journals, useValue: { chosen: () => null } },
      { provide: TranslocoService, useValue: { translate: (key: string) => key } },
      ...[FailureText, Shortcuts, Confirm].map(provide => ({ provide, useValue: {} })),
    ],
  });
  const harness = await RouterTestingHarness.create('/write');
  const press = (button: string) => harness.routeNativeElement?.querySelector<HTMLElement>(`.${button}`)?.click();
  const router = TestBed.inject(Router);
  /** Time for a navigation that is not to begin. */
  const turn = () => new Promise(resolve => setTimeout(resolve, 20));
  return { harness, router, press, saved, loaded, left, putAway, turn };
}

describe('the page of the editor', () => {
  it('leads to the entry when it is saved', async () => {
    const { router, press, saved } = await world();
    press('done');
    await vi.waitUntil(() => saved.length === 1);
    saved[0]?.(SAVED);
    await vi.waitFor(() => expect(router.url).toBe('/entries/e'));
  });

  it('leaves its user where they have gone while the entry was being saved', async () => {
    const { harness, router, press, saved, left, turn } = await world();
    press('done');
    await vi.waitUntil(() => saved.length === 1);
    await harness.navigateByUrl('/calendar');
    expect(left).toHaveBeenCalledOnce();
    saved[0]?.(SAVED);
    await turn();
    expect(router.url).toBe('/calendar');
  });

  it('does not take its user back while the next page is being loaded', async () => {
    const { router, press, saved, loaded, turn } = await world();
    press('done');
    await vi.waitUntil(() => saved.length === 1);
    const gone = router.navigateByUrl('/late');
    saved[0]?.(SAVED);
    await turn();
    loaded.resolve(Elsewhere);
    expect(await gone).toBe(true);
    expect(router.url).toBe('/late');
  });

  it('does not take its user to the timeline after a deletion when they have gone elsewhere', async () => {
    const { harness, router, press, putAway, turn } = await world();
    press('delete');
    await harness.navigateByUrl('/calendar');
    putAway.resolve(undefined);
    await turn();
    expect(router.url).toBe('/calendar');
  });

  it('is another one for another new entry, also at the same address', async () => {
    const { harness, router, press, saved, left, turn } = await world();
    const first = harness.routeNativeElement;
    press('done');
    await vi.waitUntil(() => saved.length === 1);
    await router.navigateByUrl('/write');
    await vi.waitFor(() => expect(harness.routeNativeElement).not.toBe(first));
    expect(left).toHaveBeenCalledOnce();
    saved[0]?.(SAVED);
    await turn();
    expect(router.url).toBe('/write');
  });

  it('is another one for another entry', async () => {
    const { harness, left } = await world();
    await harness.navigateByUrl('/entries/a/edit');
    const first = harness.routeNativeElement;
    await harness.navigateByUrl('/entries/b/edit');
    expect(harness.routeNativeElement).not.toBe(first);
    expect(left).toHaveBeenCalledTimes(2);
  });
});
