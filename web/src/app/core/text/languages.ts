import { DOCUMENT, Injectable, type Provider, computed, effect, inject, signal } from '@angular/core';
import { TRANSLOCO_LOADER, type Translation, type TranslocoLoader, TranslocoService } from '@jsverse/transloco';
import { LocalSettings } from '../settings/local-settings';

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Texts are chunks of the build, so that they are kept for offline reading and never differ from the code. */
@Injectable({ providedIn: 'root' })
export class Texts implements TranslocoLoader {
  /** Whether a page was opened that needs more than the texts of the first one. */
  private isBehindFirst = false;

  async getTranslation(language: string): Promise<Translation> {
    const first = language === 'de' ? import('@i18n/de/first') : import('@i18n/en/first');
    const later = this.isBehindFirst ? this.later(language) : {};
    return { ...(await first).default, ...(await later) };
  }

  async later(language: string): Promise<Translation> {
    this.isBehindFirst = true;
    return (language === 'de' ? await import('@i18n/de/later') : await import('@i18n/en/later')).default;
  }
}

/** One and the same for Transloco and for `Languages`: `loader` of `provideTransloco` would make one of its own. */
export const TEXTS: Provider = { provide: TRANSLOCO_LOADER, useExisting: Texts };

/** The language of the page: as the user chose it here, else as the browser asks. */
@Injectable({ providedIn: 'root' })
export class Languages {
  private readonly settings = inject(LocalSettings);
  private readonly transloco = inject(TranslocoService);
  private readonly texts = inject(Texts);
  private readonly root = inject(DOCUMENT).documentElement;
  private later: Promise<void> | null = null;
  readonly current = signal<Language>(this.kept() ?? this.asked());

  /** The language with the region of the browser, for dates and numbers: `en-GB` where English is asked for as in Britain. */
  readonly locale = computed(() => {
    const language = this.current();
    return navigator.languages?.find(each => each.slice(0, 2).toLowerCase() === language) ?? language;
  });

  constructor() {
    effect(() => {
      const language = this.current();
      this.root.lang = language;
      this.transloco.setActiveLang(language);
    });
  }

  choose(language: Language): void {
    this.settings.write('language', language);
    this.current.set(language);
  }

  /** Waits for the texts of all pages. Those of the first page are there from the beginning. */
  allTexts(): Promise<void> {
    this.later ??= this.addLater().catch((error: unknown) => {
      this.later = null;
      throw error;
    });
    return this.later;
  }

  private async addLater(): Promise<void> {
    const language = this.current();
    // Nothing is shown yet that has one of them.
    this.transloco.setTranslation(await this.texts.later(language), language, { emitChange: false });
  }

  private kept(): Language | null {
    return known(this.settings.read('language'));
  }

  private asked(): Language {
    for (const language of navigator.languages ?? []) {
      const ours = known(language.slice(0, 2).toLowerCase());
      if (ours) return ours;
    }
    return 'en';
  }
}

function known(language: string | null): Language | null {
  return LANGUAGES.find(each => each === language) ?? null;
}
