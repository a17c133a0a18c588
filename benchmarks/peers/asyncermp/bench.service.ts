import { Injectable } from '@nestjs/common';
import { CpuTask, currentTask, transfer } from 'nestjs-asyncermp';
import * as tasks from '../../work/work.js';
import type { Outcome, PayloadWay } from '../pool.js';
import { SpinService } from '../providers/spin.service.js';

/** The handlers of the measurements, with an injected dependency. */
@Injectable()
export class BenchService {
  readonly #spinner: SpinService;

  constructor(spinner: SpinService) {
    this.#spinner = spinner;
  }

  @CpuTask()
  async work(steps: number): Promise<Outcome> {
    return { uid: currentTask().uid ?? '', result: this.#spinner.spin(steps) };
  }

  @CpuTask()
  async meet(barrier: Int32Array, parties: number): Promise<void> {
    tasks.meet(barrier, parties);
  }

  @CpuTask()
  async hang(flag: Int32Array): Promise<void> {
    tasks.hang(flag);
  }

  @CpuTask()
  async bounce(bytes: Uint8Array, way: PayloadWay): Promise<Uint8Array> {
    return way === 'transferred' ? transfer(bytes) : bytes;
  }
}
