import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import { CpuTask, currentTask } from 'nestjs-asyncermp';
import * as tasks from '../../work/work.js';
import { spin } from '../../work/spin.js';
import type { Outcome } from '../pool.js';
import { twenty } from '../providers/twenty.js';

/** A handler with twenty injected dependencies. */
@Injectable()
export class TwentyService {
  @CpuTask()
  async work(steps: number): Promise<Outcome> {
    return { uid: currentTask().uid ?? '', result: spin(steps) };
  }

  @CpuTask()
  async meet(barrier: Int32Array, parties: number): Promise<void> {
    tasks.meet(barrier, parties);
  }
}

// The metadata that TypeScript emits for a constructor with twenty parameters.
Reflect.defineMetadata('design:paramtypes', twenty, TwentyService);
