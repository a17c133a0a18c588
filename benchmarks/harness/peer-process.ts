import { fork, type ChildProcess } from 'node:child_process';
import type { Figures } from '../measurements/figures.js';
import type { MeasurementName, ParamsOf } from '../measurements/index.js';
import type { PeerName } from '../peers/index.js';
import type { StartOptions } from '../peers/pool.js';

/** A request to a peer's process. */
export type Order =
  { readonly measure: MeasurementName; readonly params: unknown } | { readonly end: true };

/** The answer to an order. */
export type Answer = { readonly figures: Figures } | { readonly error: string };

/** How long a measurement may take before the peer counts as hanging, in ms. */
const LIMIT_MS = 300_000;

/**
 * A process with one peer in it, so that no peer pays for the garbage of another one, or for code that V8
 * compiled for all of them. It is idle while others are measured.
 */
export class PeerProcess {
  readonly #child: ChildProcess;

  constructor(
    readonly peer: PeerName,
    options: StartOptions,
    execArgv: readonly string[] = [],
  ) {
    const child = new URL('./peer-child.js', import.meta.url);
    this.#child = fork(child, [peer, JSON.stringify(options)], {
      execArgv: [...execArgv],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** @throws Error with the error of the measurement */
  async measure<M extends MeasurementName>(name: M, params: ParamsOf<M>): Promise<Figures> {
    const answer = await this.#ask({ measure: name, params });
    if ('error' in answer) {
      throw new Error(`${this.peer}: ${name}: ${answer.error}`);
    }
    return answer.figures;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    const exit = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.send({ end: true } satisfies Order);
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await exit;
    clearTimeout(killer);
  }

  /** Kills the process, which would otherwise run the tasks that wait in its pool. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #ask(order: Order): Promise<Answer> {
    return new Promise((resolve) => {
      const done = (answer: Answer): void => {
        clearTimeout(timer);
        this.#child.off('message', done);
        this.#child.off('exit', onExit);
        resolve(answer);
      };
      const onExit = (code: number | null): void => done({ error: `it exited with ${code}` });
      const timer = setTimeout(() => {
        this.kill();
        done({ error: `no answer within ${LIMIT_MS / 1_000} s` });
      }, LIMIT_MS);
      this.#child.on('message', done);
      this.#child.once('exit', onExit);
      this.#child.send(order);
    });
  }
}
