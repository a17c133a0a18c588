import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callingFile } from '../injection/call-site.js';
import { urlOf } from './file-url.js';

const OWN_NAME = 'entry-file.js';

/**
 * The file that serves a lease, `entry.js` beside this one, as a path. Undefined where the library was
 * bundled: this code then runs from a file of another name, or from none where the
 * bundler makes it an `eval`, and there is no `entry.js`.
 *
 * Read from the call site, since bundlers write into the place of `import.meta.url` the path that this
 * file had where the bundle was made, and there it exists.
 */
export function entryFile(): string | undefined {
  const own = callingFile();
  if (own === undefined || basename(own) !== OWN_NAME) {
    return undefined;
  }
  return join(dirname(fileURLToPath(urlOf(own))), 'entry.js');
}
