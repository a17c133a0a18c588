import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { guardPage } from './page-guard.js';

/** Beside `src` and `dist` alike: what is in it is served as it is, there is nothing to build. */
const PAGE = fileURLToPath(new URL('../public/', import.meta.url));

/** The chart library's own files, from wherever npm put them. */
const CHARTS = dirname(fileURLToPath(import.meta.resolve('uplot')));

/** What modules can't say: the server around the application. */
export function configureApp(app: NestExpressApplication): void {
  // The largest Markdown that is taken, as JSON.
  app.useBodyParser('json', { limit: '1mb' });
  app.use(guardPage);
  app.useStaticAssets(PAGE, { redirect: false });
  app.useStaticAssets(CHARTS, { prefix: '/page/vendor/uplot' });
}
