import { threadId } from 'node:worker_threads';
import { Inject, Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import type { Answer } from 'survey-geometry';
import { METRES_PER_STEP } from './scale.module.js';

/** A handler in another folder, which needs what a configured module of the application provides. */
@Injectable()
export class SlopeService {
  constructor(@Inject(METRES_PER_STEP) private readonly metresPerStep: number) {}

  /** How far it goes up, in metres. */
  @CpuTask()
  async ascent(heights: readonly number[]): Promise<Answer> {
    const steps = heights.slice(1).map((height, i) => Math.max(0, height - (heights[i] ?? height)));
    const value = steps.reduce((sum, step) => sum + step, 0) * this.metresPerStep;
    return { value, threadId };
  }
}
