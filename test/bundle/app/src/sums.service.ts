import { threadId } from 'node:worker_threads';
import { Inject, Injectable } from '@nestjs/common';
import { CpuTask, CpuTaskHost } from 'nestjs-asyncermp';
import { AdderService } from './adder.service.js';
import { FACTOR, ScaleModule } from './scale.module.js';

export interface Answer {
  readonly value: number;
  readonly threadId: number;
}

@Injectable()
@CpuTaskHost({ imports: [ScaleModule.forRoot(3)] })
export class SumsService {
  constructor(
    private readonly adder: AdderService,
    @Inject(FACTOR) private readonly factor: number,
  ) {}

  /** The sum of the numbers below n, scaled. */
  @CpuTask()
  async scaledSum(n: number): Promise<Answer> {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum = this.adder.add(sum, i);
    }
    return { value: sum * this.factor, threadId };
  }

  @CpuTask()
  async fail(): Promise<never> {
    throw new RangeError('too far', { cause: new TypeError('wrong turn') });
  }
}
