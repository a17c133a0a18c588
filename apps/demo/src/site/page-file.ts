/**
 * The file of a page, for the file of a document. The whole name stays, so that no two documents share
 * a page, and none is taken for the index.
 */
export function pageFileOf(documentFile: string): string {
  return `${documentFile}.html`;
}
