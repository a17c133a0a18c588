import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { ownEnvironment, type RunLimits } from './run.js';

/** A program that runs until it is ended, with all the processes that it starts. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #timer: NodeJS.Timeout;
  #stdout = '';
  #stderr = '';

  constructor(command: string, args: readonly string[], { cwd, limitMs, env }: RunLimits) {
    this.#child = spawn(command, args, {
      cwd,
      env: ownEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      // With a process group of its own, so that nothing outlives it.
      detached: true,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#ended = once(this.#child, 'close');
    this.#timer = setTimeout(() => this.#kill(), limitMs);
  }

  get stdout(): string {
    return this.#stdout;
  }

  /**
   * What it has printed to its standard output, once that suffices.
   * @throws all that it printed, if it ends before or takes too long
   */
  async printed(suffices: (stdout: string) => boolean): Promise<string> {
    while (!suffices(this.#stdout)) {
      const isOver = await Promise.race([
        this.#ended.then(() => true),
        ...(this.#child.stdout ? [once(this.#child.stdout, 'data').then(() => false)] : []),
      ]);
      if (isOver) {
        throw new Error(`It ended too early.\n${this.#stdout}\n${this.#stderr}`);
      }
    }
    return this.#stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.#ended;
    clearTimeout(this.#timer);
  }

  #kill(): void {
    const { pid } = this.#child;
    try {
      if (pid !== undefined) {
        process.kill(-pid, 'SIGKILL');
      }
    } catch (error) {
      // It is gone already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
        throw error;
      }
    }
  }
}
