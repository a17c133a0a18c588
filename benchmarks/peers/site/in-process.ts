import type { Pool } from '../pool.js';
import { loadDemoSite } from './demo-site.js';

/** The demo's Markdown provider, called on the main thread. */
export async function start(): Promise<Pool> {
  const markdown = await (await loadDemoSite()).createMarkdown();
  return {
    render: async (document) => markdown.render(document).html.length,
    end: async () => {},
  };
}
