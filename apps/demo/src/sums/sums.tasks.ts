import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { SquaresService } from './squares.service.js';

/** The handlers of sums: called on the application's instance, they run in a worker. */
@Injectable()
export class SumsTasks {
  constructor(private readonly squares: SquaresService) {}

  /** @see SquaresService.sumOfSquares */
  @CpuTask()
  async sumOfSquares(n: number): Promise<bigint> {
    return this.squares.sumOfSquares(n);
  }
}
