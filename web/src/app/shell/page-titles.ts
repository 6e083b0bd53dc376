import { Injectable, effect, inject, signal } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { type RouterStateSnapshot, TitleStrategy } from '@angular/router';
import { TranslocoService } from '@jsverse/transloco';
import { Languages } from '../core/text/languages';

/** Titles of routes are keys of texts. */
@Injectable({ providedIn: 'root' })
export class PageTitles extends TitleStrategy {
  private readonly title = inject(Title);
  private readonly transloco = inject(TranslocoService);
  private readonly languages = inject(Languages);
  private readonly key = signal<string | null>(null);

  constructor() {
    super();
    effect(() => {
      this.languages.current();
      const key = this.key();
      const name = key === null ? '' : this.transloco.translate(key);
      this.title.setTitle(name ? `${name} · MindFlow` : 'MindFlow');
    });
  }

  override updateTitle(state: RouterStateSnapshot): void {
    this.key.set(this.buildTitle(state) ?? null);
  }

  /** For pages whose title is what they show. */
  show(name: string): void {
    this.title.setTitle(`${name} · MindFlow`);
  }
}
