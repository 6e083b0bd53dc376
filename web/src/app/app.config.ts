import {
  type ApplicationConfig,
  inject,
  isDevMode,
  provideAppInitializer,
  provideBrowserGlobalErrorListeners,
  provideZonelessChangeDetection,
} from '@angular/core';
import {
  RouteReuseStrategy,
  TitleStrategy,
  provideRouter,
  withComponentInputBinding,
  withInMemoryScrolling,
} from '@angular/router';
import { provideServiceWorker } from '@angular/service-worker';
import { provideTransloco } from '@jsverse/transloco';
import { provideApollo } from 'apollo-angular';
import { firstValueFrom } from 'rxjs';
import { TranslocoService } from '@jsverse/transloco';
import { routes } from './app.routes';
import { Auth } from './core/auth/auth';
import { clientOptions } from './core/graphql/client';
import { Reachability } from './core/graphql/reachability';
import { Theme } from './core/settings/theme';
import { LANGUAGES, Languages, TEXTS } from './core/text/languages';
import { PageReuse } from './shell/page-reuse';
import { PageTitles } from './shell/page-titles';

/** A session that takes longer to renew is not waited for: what is kept on this device is shown meanwhile. In milliseconds. */
const SESSION_MS_MAX = 1_200;
/** After the first paint, so that the service worker takes nothing from it, in milliseconds. */
const WORKER_AFTER = 'registerWhenStable:5000';

export const appConfig: ApplicationConfig = {
  providers: [
    provideZonelessChangeDetection(),
    provideBrowserGlobalErrorListeners(),
    provideRouter(
      routes,
      withComponentInputBinding(),
      withInMemoryScrolling({ scrollPositionRestoration: 'enabled', anchorScrolling: 'enabled' }),
    ),
    provideTransloco({
      config: {
        availableLangs: [...LANGUAGES],
        defaultLang: 'en',
        fallbackLang: 'en',
        reRenderOnLangChange: true,
        prodMode: !isDevMode(),
        // Both languages have the same texts. A state that needs no word is an empty text.
        missingHandler: { logMissingKey: isDevMode(), useFallbackTranslation: false, allowEmpty: true },
      },
    }),
    TEXTS,
    provideApollo(() => clientOptions(inject(Auth), inject(Reachability))),
    provideServiceWorker('ngsw-worker.js', { enabled: !isDevMode(), registrationStrategy: WORKER_AFTER }),
    { provide: TitleStrategy, useExisting: PageTitles },
    { provide: RouteReuseStrategy, useExisting: PageReuse },
    provideAppInitializer(async () => {
      inject(Theme);
      const language = inject(Languages).current();
      const auth = inject(Auth);
      const texts = firstValueFrom(inject(TranslocoService).load(language));
      await Promise.all([
        texts,
        Promise.race([auth.start(), new Promise(resolve => setTimeout(resolve, SESSION_MS_MAX))]),
      ]);
    }),
  ],
};
