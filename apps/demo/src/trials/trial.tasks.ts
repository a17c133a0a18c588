import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';

/** Handlers that misbehave, to see what the pool makes of it. None of them is for the main thread. */
@Injectable()
export class TrialTasks {
  /** Fails, and fails again at its second attempt. */
  @CpuTask({ attempts: 2, backoff: 700 })
  async fail(message: string): Promise<never> {
    return this.#tryIt(message);
  }

  /** Never ends and never looks at whether it should: only its timeout and the grace end it. */
  @CpuTask({ timeout: 3_000 })
  async loopForEver(): Promise<never> {
    for (;;) {}
  }

  /** Takes its worker along. */
  @CpuTask()
  async killWorker(): Promise<never> {
    process.exit(7);
  }

  /** Here to be seen in the stack, which names the lines of the worker. */
  #tryIt(message: string): never {
    throw new RangeError(message, { cause: new Error('that is what it is for') });
  }
}
