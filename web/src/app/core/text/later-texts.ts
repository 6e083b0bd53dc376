import { Injectable, effect, inject, signal } from '@angular/core';
import { type Translation, TranslocoService } from '@jsverse/transloco';
import { known } from './known';
import { type Language, Languages } from './languages';

/**
 * Texts that few pages need, in a chunk of their own, since what is loaded first has a budget. Each stands for a sentence that the
 * platform says as well, in English.
 */
@Injectable({ providedIn: 'root' })
export class LaterTexts {
  private readonly transloco = inject(TranslocoService);
  private readonly isLoaded = signal(false);

  constructor() {
    const languages = inject(Languages);
    effect(() => void this.load(languages.current()));
  }

  /** Null while the texts are on their way, so that no other language is seen before. `said`: what the platform says. */
  of(key: string, params: Record<string, unknown>, said: string): string | null {
    return this.isLoaded() ? (known(this.transloco, key, params) ?? said) : null;
  }

  private async load(language: Language): Promise<void> {
    try {
      this.transloco.setTranslation(await laterTexts(language), language);
    } catch {
      // Not kept on this device, and the platform is away: its own sentences have to do.
    }
    this.isLoaded.set(true);
  }
}

async function laterTexts(language: Language): Promise<Translation> {
  const texts = language === 'de' ? await import('@i18n/de/later') : await import('@i18n/en/later');
  return texts.default;
}
