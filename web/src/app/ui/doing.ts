import { Injectable, inject, signal } from '@angular/core';
import { TranslocoService } from '@jsverse/transloco';
import { type Failure, failureOf } from '@/core/failure';
import { FailureText } from '@/core/text/failure-text';
import { Toasts } from './toasts';

export interface DoingOptions {
  /** The key of what is said when it was done. */
  readonly done?: string;
  /** Fields that show by themselves what is not right with them. */
  readonly fields?: readonly string[];
}

/** What a user sets off on a page: whether it is under way, and why it was not done. A component provides one for each form. */
@Injectable()
export class Doing {
  private readonly toasts = inject(Toasts);
  private readonly texts = inject(FailureText);
  private readonly transloco = inject(TranslocoService);
  readonly busy = signal(false);
  readonly failure = signal<Failure | null>(null);

  /** Whether it was done. */
  async run(action: () => Promise<unknown>, options: DoingOptions = {}): Promise<boolean> {
    this.busy.set(true);
    this.failure.set(null);
    try {
      await action();
      if (options.done) this.toasts.show(this.transloco.translate(options.done), { tone: 'good' });
      return true;
    } catch (error) {
      const failure = failureOf(error);
      this.failure.set(failure);
      if (!options.fields?.some(field => failure.of(field))) this.toasts.show(this.texts.of(failure), { tone: 'bad' });
      return false;
    } finally {
      this.busy.set(false);
    }
  }

  /** What is not right with a field. */
  wrong(field: string): string | null {
    return this.texts.ofField(this.failure(), field);
  }
}
