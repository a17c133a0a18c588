import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The URL of a file of the manifest, which may be a path or a URL. */
export function urlOf(file: string): string {
  return isAbsolute(file) ? pathToFileURL(file).href : file;
}
