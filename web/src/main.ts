import { bootstrapApplication } from '@angular/platform-browser';
import { App } from '@/app';
import { appConfig } from '@/app.config';

// eslint-disable-next-line no-console -- there is no page yet that could say it
bootstrapApplication(App, appConfig).catch((error: unknown) => console.error(error));
