import 'reflect-metadata';
import { createApplication } from '../asyncermp/application.js';
import type { Pool, StartOptions } from '../pool.js';
import { loadDemoSite } from './demo-site.js';

/** The demo's handler, called as the demo calls it. */
export async function start(options: StartOptions): Promise<Pool> {
  const { providers, SiteTasks } = await loadDemoSite();
  const app = await createApplication(providers, options);
  const site = app.get(SiteTasks);
  return {
    render: async (document) => (await site.render(document)).html.length,
    end: () => app.close(),
  };
}
