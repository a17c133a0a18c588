import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { SquaresService } from './squares.service.js';

/** The handlers of sums. A call on the application's instance runs in a worker. */
@Injectable()
export class SumsTasks {
  readonly #squares: SquaresService;

  constructor(squares: SquaresService) {
    this.#squares = squares;
  }

  /** See {@link SquaresService.sumOfSquares}. */
  @CpuTask()
  async sumOfSquares(n: number): Promise<bigint> {
    return this.#squares.sumOfSquares(n);
  }
}
