import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';

/** Handlers that misbehave, to show what the pool does then. Do not call them on the main thread. */
@Injectable()
export class TrialTasks {
  /** Fails at both of its attempts. */
  @CpuTask({ attempts: 2, backoff: 700 })
  async fail(message: string): Promise<never> {
    return this.#tryIt(message);
  }

  /** Never ends and ignores its signal, so that the pool ends the worker after timeout and grace. */
  @CpuTask({ timeout: 3_000 })
  async loopForever(): Promise<never> {
    for (;;) {}
  }

  /** Ends its worker. */
  @CpuTask()
  async killWorker(): Promise<never> {
    process.exit(7);
  }

  /** A function of its own, to show that the stack names the lines that ran in the worker. */
  #tryIt(message: string): never {
    throw new RangeError(message, { cause: new Error('that is what it is for') });
  }
}
