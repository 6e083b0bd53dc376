import { TestBed } from '@angular/core/testing';
import { TranslocoService, provideTransloco } from '@jsverse/transloco';
import { firstValueFrom } from 'rxjs';
import { LANGUAGES, Languages, TEXTS } from './languages';

describe('texts', () => {
  it('of later pages are there when they were waited for, in a language that is chosen afterwards as well', async () => {
    const config = { availableLangs: [...LANGUAGES], defaultLang: 'en', prodMode: true };
    TestBed.configureTestingModule({ providers: [provideTransloco({ config }), TEXTS] });
    const transloco = TestBed.inject(TranslocoService);
    await firstValueFrom(transloco.load('en'));
    expect(Object.keys(transloco.getTranslation('en'))).toContain('nav.trash');
    expect(Object.keys(transloco.getTranslation('en'))).not.toContain('trash.title');

    await TestBed.inject(Languages).allTexts();
    expect(transloco.translate('trash.title', {}, 'en')).toBe('Trash');
    expect(transloco.translate('nav.trash', {}, 'en')).toBe('Trash');
    await firstValueFrom(transloco.load('de'));
    expect(transloco.translate('trash.title', {}, 'de')).toBe('Papierkorb');
  });
});
