import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program that never ends by itself is a failure, and not a test that hangs. */
const MOST_MS = 50_000;

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One of the demo's built programs, running. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  constructor(
    file: 'cli.js' | 'main.js',
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    mostMs = MOST_MS,
  ) {
    this.#child = spawn(process.execPath, [builtFile(file), ...args], {
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: mostMs,
      killSignal: 'SIGKILL',
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.ended = once(this.#child, 'close').then(([code, signal]) => ({
      stdout: this.#stdout,
      stderr: this.#stderr,
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
    }));
  }

  /** The first match in what it prints. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.#stdout.match(pattern);
      if (match) {
        return match;
      }
      const end = await Promise.race([
        this.ended,
        this.#child.stdout ? once(this.#child.stdout, 'data').then(() => undefined) : this.ended,
      ]);
      if (end) {
        throw new Error(`It ended without printing ${pattern}:\n${end.stdout}${end.stderr}`);
      }
    }
  }

  /** Asks it to end. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  /** Leaves nothing behind of a test that failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}

/** Runs the demo on the terminal to its end. */
export function runCli(...args: readonly string[]): Promise<Ended> {
  return new Program('cli.js', args).ended;
}

export function builtFile(file: string): string {
  return fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
}
