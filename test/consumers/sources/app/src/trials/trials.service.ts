import { Injectable } from '@nestjs/common';
import { CpuTask, currentTask } from 'nestjs-asyncermp';

/** Handlers that do not come to a good end. */
@Injectable()
export class TrialsService {
  @CpuTask()
  async fail(): Promise<never> {
    throw new RangeError('off the map', { cause: new TypeError('wrong turn') });
  }

  /** Reports progress, and never returns. */
  @CpuTask()
  async walkForever(): Promise<never> {
    const task = currentTask();
    task.progress('on my way');
    for (;;) {
      task.throwIfCancelled();
    }
  }
}
