import { DestroyRef, Directive, ElementRef, afterNextRender, inject, output } from '@angular/core';

/** How far below the window an element counts as near, so that the next page is there before its place is seen. */
const MARGIN = '800px 0px';

/** `<div (mfNearEnd)="more()"></div>` at the end of a list. */
@Directive({ selector: '[mfNearEnd]' })
export class NearEnd {
  readonly mfNearEnd = output();
  private readonly element = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;

  constructor() {
    const destroyed = inject(DestroyRef);
    afterNextRender(() => {
      if (typeof IntersectionObserver === 'undefined') return;
      const observer = new IntersectionObserver(
        entries => entries.some(entry => entry.isIntersecting) && this.mfNearEnd.emit(),
        { rootMargin: MARGIN },
      );
      observer.observe(this.element);
      destroyed.onDestroy(() => observer.disconnect());
    });
  }
}
