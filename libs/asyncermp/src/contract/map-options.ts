import { rules, checkOptions, type OptionRules } from './check-options.js';
import { type TaskOptions, checkTaskOptions } from './task-options.js';

/** Options of `AsyncerMpService.map()`. The task options among them apply to every task that it creates. */
export interface MapOptions extends Omit<TaskOptions, 'uid' | 'transfer' | 'onDuplicate'> {
  /** True: results in the order of the items. False: each result as soon as it is ready. Default true. */
  readonly ordered?: boolean;
  /**
   * The most tasks in flight at once: a whole number from 1. It also limits how far the source is read
   * ahead of the results that the loop has taken. Default: twice the pool's `maxProcesses`.
   */
  readonly concurrency?: number;
  /**
   * The number of items in one task: a whole number from 1, or `'auto'`. Events, time limits and
   * cancellation treat a task of several items as one, and a crash of its worker fails all of them.
   * Default `'auto'`: as many items as take a few milliseconds, by the handler's measured run times, and
   * 1 if `timeout`, `attempts` or `crashAttempts` must hold for each item.
   */
  readonly chunk?: number | 'auto';
  /**
   * True: `map()` goes on when an item fails, and yields a {@link MapOutcome} for each item. Default
   * false: the first error ends the loop.
   */
  readonly settle?: boolean;
  /**
   * Called when results of further items have arrived, with the number of items done and their total.
   * The total is undefined unless the source is an array.
   */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** The outcome of one item with `settle: true`: what `Promise.allSettled()` gives, and the item's index. */
export type MapOutcome<R> = PromiseSettledResult<R> & {
  /** The item's index in the source, from 0. */
  readonly index: number;
};

type OwnOptions = Pick<MapOptions, 'ordered' | 'concurrency' | 'chunk' | 'settle' | 'onProgress'>;

const ownRules: OptionRules<OwnOptions> = {
  ordered: rules.boolean,
  concurrency: rules.wholeFrom(1),
  chunk: {
    expected: "a whole number from 1, or 'auto'",
    test: (value) => value === 'auto' || rules.wholeFrom(1).test(value),
  },
  settle: rules.boolean,
  onProgress: rules.function,
};

/**
 * Checks the options, and splits them into those of map() itself and those of its tasks.
 * @throws ConfigurationError
 */
export function splitMapOptions(
  { ordered, concurrency, chunk, settle, onProgress, ...task }: MapOptions,
  handler: string,
): { readonly own: OwnOptions; readonly task: TaskOptions } {
  const given = { ordered, concurrency, chunk, settle, onProgress };
  const own = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  ) as OwnOptions;
  checkOptions(own, ownRules, `map() of ${handler}`, { handler });
  checkTaskOptions(task, handler);
  return { own, task };
}
