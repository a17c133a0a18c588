import { Injectable } from '@nestjs/common';
import { CpuTask } from 'nestjs-asyncermp';
import { SquaresService } from './squares.service.js';

/** The handlers of sums: called on the application's instance, they run in a worker. */
@Injectable()
export class SumsTasks {
  readonly #squares: SquaresService;

  constructor(squares: SquaresService) {
    this.#squares = squares;
  }

  /** @see SquaresService.sumOfSquares */
  @CpuTask()
  async sumOfSquares(n: number): Promise<bigint> {
    return this.#squares.sumOfSquares(n);
  }
}
