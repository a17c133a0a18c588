import type { Provider, Type } from '@nestjs/common';

/** The part of the demo's site that is measured. The demo has a build of its own: `npm run build:demo`. */
export interface DemoSite {
  readonly providers: readonly Provider[];
  readonly SiteTasks: Type<{ render(markdown: string): Promise<{ readonly html: string }> }>;
  readonly createMarkdown: () => Promise<{ render(markdown: string): { readonly html: string } }>;
}

interface Highlighter {
  onModuleInit(): Promise<void>;
}

const folder = new URL('../../../../apps/demo/dist/site/', import.meta.url);

/** @throws Error (ERR_MODULE_NOT_FOUND) if the demo was not built */
export async function loadDemoSite(): Promise<DemoSite> {
  const { HighlighterService } = await load<{ HighlighterService: Type<Highlighter> }>(
    'highlighter.service.js',
  );
  const { MarkdownService } = await load<{
    MarkdownService: Type<{ render(markdown: string): { readonly html: string } }>;
  }>('markdown.service.js');
  const { PageService } = await load<{ PageService: Type }>('page.service.js');
  const { SiteTasks } = await load<Pick<DemoSite, 'SiteTasks'>>('site.tasks.js');
  return {
    providers: [HighlighterService, MarkdownService, PageService, SiteTasks],
    SiteTasks,
    createMarkdown: async () => {
      const highlighter = new HighlighterService();
      await highlighter.onModuleInit();
      return new MarkdownService(highlighter);
    },
  };
}

async function load<M>(file: string): Promise<M> {
  return (await import(new URL(file, folder).href)) as M;
}
