import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { until } from './outcomes.js';

const pipes: Pipe[] = [];

// Also after a test that failed: a thread in a native call would keep the process from ending.
afterEach(() => {
  for (const pipe of pipes.splice(0)) {
    pipe.close();
  }
});

/**
 * A named pipe. `readFileSync(path, 'utf8')` of it is one native call, in which the reader sits until the
 * test closes the pipe.
 */
export class Pipe {
  readonly #directory = mkdtempSync(join(tmpdir(), 'asyncermp-pipe-'));
  readonly path = join(this.#directory, 'pipe');
  #writer: number | undefined = undefined;
  #isClosed = false;

  constructor() {
    execFileSync('mkfifo', [this.path]);
    pipes.push(this);
  }

  /** Resolves when a reader is in its native call. */
  async entered(): Promise<void> {
    await until('the pipe has a reader', () => {
      try {
        this.#writer = openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK);
        return true;
      } catch {
        // Without a reader, it cannot be opened for writing.
        return false;
      }
    });
  }

  /** Lets all readers go. */
  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    // For reading as well, so that it does not need a reader.
    const writer = this.#writer ?? openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
    writeSync(writer, 'text');
    closeSync(writer);
    rmSync(this.#directory, { recursive: true });
  }
}
