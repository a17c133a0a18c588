/**
 * The name of the page for a document. It contains the whole name, so that two documents never share a
 * page and none becomes the index.
 */
export function pageFileOf(documentFile: string): string {
  return `${documentFile}.html`;
}
