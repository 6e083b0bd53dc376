import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Router, provideRouter } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { typingPause } from './typing-pause';

@Component({ selector: 'mf-elsewhere', template: '' })
class Elsewhere {}

@Component({ selector: 'mf-typed', template: '' })
class Typed {
  readonly pause = typingPause(20);
}

describe('a pause of typing', () => {
  async function world() {
    const loaded = Promise.withResolvers<typeof Elsewhere>();
    TestBed.configureTestingModule({
      providers: [
        provideRouter([
          { path: 'typed', component: Typed },
          { path: 'late', loadComponent: () => loaded.promise },
          { path: 'elsewhere', component: Elsewhere },
        ]),
      ],
    });
    const harness = await RouterTestingHarness.create();
    const { pause } = await harness.navigateByUrl('/typed', Typed);
    const done: string[] = [];
    return { harness, router: TestBed.inject(Router), pause, done, loaded };
  }
  const wait = () => new Promise(resolve => setTimeout(resolve, 60));

  it('does the last thing that was typed, also where that changes the address', async () => {
    const { harness, pause, done } = await world();
    pause.set(() => done.push('a'));
    pause.set(() => done.push('ab'));
    await harness.navigateByUrl('/typed?q=before');
    await wait();
    expect(done).toEqual(['ab']);
  });

  it('does nothing when its page is gone', async () => {
    const { harness, pause, done } = await world();
    pause.set(() => done.push('a'));
    await harness.navigateByUrl('/elsewhere');
    await wait();
    expect(done).toEqual([]);
  });

  it('does nothing while the next page is being loaded', async () => {
    const { router, pause, done, loaded } = await world();
    pause.set(() => done.push('a'));
    const gone = router.navigateByUrl('/late');
    await wait();
    expect(done).toEqual([]);
    loaded.resolve(Elsewhere);
    expect(await gone).toBe(true);
  });
});
