import 'reflect-metadata';
import { loadDemoSite } from '../site/demo-site.js';

const markdown = await (await loadDemoSite()).createMarkdown();

export default function render(document: string): { readonly html: string } {
  return markdown.render(document);
}
