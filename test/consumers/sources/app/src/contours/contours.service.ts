import { threadId } from 'node:worker_threads';
import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { ShoelaceService, type Answer, type Point } from 'survey-geometry';

/** A handler that is injected with what another package of the workspace provides. */
@Injectable()
export class ContoursService {
  constructor(private readonly shoelace: ShoelaceService) {}

  /** 1 where the contour turns left, -1 where it turns right. */
  @CpuTask()
  async turn(from: Point, to: Point): Promise<Answer> {
    return { value: Math.sign(this.shoelace.ofEdge(from, to)), threadId };
  }
}
