import { threadId } from 'node:worker_threads';
import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { ShoelaceService, type Point } from './shoelace.service.js';

/** What a handler gives, and the thread it ran in: the main thread is number 0. */
export interface Answer {
  readonly value: number;
  readonly threadId: number;
}

/** A handler in another package of the workspace. */
@Injectable()
export class AreaService {
  constructor(private readonly shoelace: ShoelaceService) {}

  @CpuTask()
  async area(corners: readonly Point[]): Promise<Answer> {
    const twice = corners.reduce(
      (sum, corner, i) =>
        sum + this.shoelace.ofEdge(corner, corners[i + 1] ?? corners[0] ?? corner),
      0,
    );
    return { value: Math.abs(twice) / 2, threadId };
  }
}
