import { Injectable } from '@nestjs/common';
import { AsyncerMpService } from 'nestjs-asyncermp';
import { SquaresService } from '../sums/squares.service.js';
import { SumsTasks } from '../sums/sums.tasks.js';
import type { CliOptions } from './cli-options.js';
import { countText, wholeText } from './format.js';
import type { Job, JobFactory } from './job.js';

/** The job of the Python original: some sums of squares. */
@Injectable()
export class SumsJobFactory implements JobFactory {
  readonly #mp: AsyncerMpService;
  readonly #squares: SquaresService;

  constructor(mp: AsyncerMpService, squares: SquaresService) {
    this.#mp = mp;
    this.#squares = squares;
  }

  create({ tasks, n }: CliOptions): Job<bigint> {
    return {
      title: `${countText(tasks, 'sum')} of the squares below ${wholeText(n)}`,
      parts: Array.from({ length: tasks }, (_, index) => ({
        inPool: () =>
          this.#mp.run(SumsTasks, 'sumOfSquares', [n], { uid: `sum ${index + 1} of ${tasks}` }),
        inPlace: async () => this.#squares.sumOfSquares(n),
      })),
      finish: async (outcomes) => {
        const sums = outcomes.map((outcome) =>
          outcome.status === 'fulfilled' ? wholeText(outcome.value) : 'failed',
        );
        return [...new Set(sums)].map(
          (sum) => `${sums.filter((other) => other === sum).length} times ${sum}`,
        );
      },
    };
  }
}
