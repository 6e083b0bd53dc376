import { Component, type Type, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { whenWanted } from './when-wanted';

@Component({ selector: 'mf-part', template: '' })
class Part {}

describe('a part of a page', () => {
  it('is loaded once, when it is wanted, and tried again where that failed', async () => {
    const load = vi.fn<() => Promise<Type<Part>>>();
    load.mockRejectedValueOnce(new Error('away')).mockResolvedValue(Part);
    const isWanted = signal(false);
    const part = TestBed.runInInjectionContext(() => whenWanted(isWanted, load));
    const turn = async (to: boolean) => {
      isWanted.set(to);
      TestBed.tick();
      await new Promise(resolve => setTimeout(resolve));
    };
    await turn(false);
    expect(load).not.toHaveBeenCalled();
    await turn(true);
    expect(part()).toBeNull();
    await turn(false);
    await turn(true);
    expect(part()).toBe(Part);
    await turn(false);
    await turn(true);
    expect(load).toHaveBeenCalledTimes(2);
  });
});
