import { Module } from '@nestjs/common';
import { HighlighterService } from './highlighter.service.js';
import { MarkdownService } from './markdown.service.js';
import { PageService } from './page.service.js';
import { SiteTasks } from './site.tasks.js';

@Module({
  providers: [HighlighterService, MarkdownService, PageService, SiteTasks],
  exports: [PageService, SiteTasks],
})
export class SiteModule {}
