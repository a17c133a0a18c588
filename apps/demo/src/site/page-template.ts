import MarkdownIt from 'markdown-it';

const { escapeHtml } = new MarkdownIt().utils;

/** An entry of the index. */
export interface IndexEntry {
  /** The page, relative to the index, with forward slashes. */
  readonly file: string;
  readonly title: string;
}

/**
 * A whole page around a rendered body.
 *
 * @param title - Text, which is escaped here.
 * @param bodyHtml - HTML, which is used as it is.
 */
export function pageTemplate(title: string, bodyHtml: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${bodyHtml}
</body>
</html>
`;
}

/** The index: a link to each page. */
export function indexTemplate(entries: readonly IndexEntry[]): string {
  const items = entries.map(
    ({ file, title }) =>
      `<li><a href="${escapeHtml(hrefOf(file))}">${escapeHtml(title)}</a> <small>${escapeHtml(file)}</small></li>`,
  );
  return pageTemplate(
    'Documents',
    `<h1>Documents</h1>\n<p>${entries.length} pages.</p>\n<ul>\n${items.join('\n')}\n</ul>`,
  );
}

function hrefOf(file: string): string {
  // Without "./", a browser reads a name such as "javascript:alert(1).md" as a scheme.
  return `./${file.split('/').map(encodeURIComponent).join('/')}`;
}

const STYLE = `
:root { color-scheme: light dark; }
body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif; overflow-wrap: break-word; }
img { max-width: 100%; }
small { opacity: .7; }
table { display: block; overflow-x: auto; border-collapse: collapse; }
th, td { padding: .25rem .75rem; border: 1px solid #8888; }
code { font-family: ui-monospace, monospace; }
pre { padding: 1rem; overflow-x: auto; border: 1px solid #8884; border-radius: .5rem; }
@media (prefers-color-scheme: dark) {
  .shiki, .shiki span { color: var(--shiki-dark) !important; background-color: var(--shiki-dark-bg) !important; }
}
`;
