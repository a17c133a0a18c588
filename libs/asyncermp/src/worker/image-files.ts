import { fileURLToPath } from 'node:url';

/** What an image holds, together with all that it imports, as paths. */
export interface FilesOfImage {
  /** The library, for what handlers' files import of it. */
  readonly library: string;
  /** What a worker runs. */
  readonly serveLease: string;
}

/** @param entry - The URL of the file that is run in a thread, `entry.js` beside this one. */
export function filesOfImage(entry: string): FilesOfImage {
  return {
    library: fileURLToPath(new URL('../index.js', entry)),
    serveLease: fileURLToPath(new URL('./serve-lease.js', entry)),
  };
}
