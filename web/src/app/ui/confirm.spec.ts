import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { Confirm } from './confirm';

@Component({ selector: 'mf-elsewhere', template: '' })
class Elsewhere {}

const QUESTION = { heading: 'Delete?', text: 'For good.', confirm: 'Delete' };

describe('a question before something that is hard to take back', () => {
  function world() {
    TestBed.configureTestingModule({ providers: [provideRouter([{ path: '**', component: Elsewhere }])] });
    return TestBed.inject(Confirm);
  }

  it('is answered by its user', async () => {
    const confirm = world();
    const answer = confirm.ask(QUESTION);
    expect(confirm.question()).toBe(QUESTION);
    confirm.settle(true);
    expect(await answer).toBe(true);
    expect(confirm.question()).toBeNull();
  });

  it('is no when its page is left, or another one is asked', async () => {
    const confirm = world();
    const harness = await RouterTestingHarness.create('/one');
    const [first, second] = [confirm.ask(QUESTION), confirm.ask(QUESTION)];
    expect(await first).toBe(false);
    await harness.navigateByUrl('/two');
    expect(await second).toBe(false);
    expect(confirm.question()).toBeNull();
  });
});
