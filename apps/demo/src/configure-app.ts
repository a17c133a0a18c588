import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { guardPage } from './page-guard.js';

/** The folder lies beside both `src` and `dist`. Its files are served as they are, without a build. */
const PAGE = fileURLToPath(new URL('../public/', import.meta.url));

/** The files of the chart library, wherever npm has put them. */
const CHARTS = dirname(fileURLToPath(import.meta.resolve('uplot')));

/**
 * Configures the HTTP server around the application, which modules cannot do.
 *
 * @param names - The names, other than those of loopback, under which the demo is reached.
 */
export function configureApp(app: NestExpressApplication, names: readonly string[] = []): void {
  // The largest Markdown that is accepted, as JSON.
  app.useBodyParser('json', { limit: '1mb' });
  app.use(guardPage(names));
  app.useStaticAssets(PAGE, { redirect: false });
  app.useStaticAssets(CHARTS, { prefix: '/page/vendor/uplot' });
}
