import { fileURLToPath } from 'node:url';

/**
 * What an image holds, together with all that it imports, as paths.
 *
 * @param entry The URL of the file that is run in a thread, `entry.js` beside this one.
 */
export function filesOfImage(entry: string): { library: string; serveLease: string } {
  return {
    library: fileURLToPath(new URL('../index.js', entry)),
    serveLease: fileURLToPath(new URL('./serve-lease.js', entry)),
  };
}
