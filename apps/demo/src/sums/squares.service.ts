import { Injectable } from '@nestjs/common';
import { currentTask } from 'nestjs-asyncermp';

/** Numbers between two checks for a cancel: a millisecond or two. */
const LOOK_EVERY = 50_000;

/** The work itself. It does not know of workers, and runs where it is called. */
@Injectable()
export class SquaresService {
  /**
   * The exact sum of the squares of the whole numbers below `n`, as the integers of the Python original
   * give it. JavaScript's numbers are inexact from 3 million on.
   */
  sumOfSquares(n: number): bigint {
    const task = currentTask();
    const onePercent = Math.ceil(n / 100);
    let sum = 0n;
    for (let i = 0; i < n; i++) {
      if (i % LOOK_EVERY === 0) {
        task.throwIfCancelled();
      }
      if (i % onePercent === 0) {
        task.progress(i / n);
      }
      const number = BigInt(i);
      sum += number * number;
    }
    task.progress(1);
    return sum;
  }
}
