import { rules, checkOptions, type OptionRules } from './check-options.js';
import { type TaskOptions, checkTaskOptions } from './task-options.js';

/** Options of `AsyncerMpService.map()`. Those of tasks hold for every task that it makes. */
export interface MapOptions extends Omit<TaskOptions, 'uid' | 'transfer' | 'onDuplicate'> {
  /** Whether results come in the order of the items, or as they are ready. Default true. */
  readonly ordered?: boolean;
  /**
   * How many tasks are in flight at once, at most: a whole number from 1. It also bounds how far the
   * items are read ahead of the results that were taken. Default twice the pool's `maxProcesses`.
   */
  readonly concurrency?: number;
  /**
   * How many items go into one task: a whole number from 1, or `'auto'`. A task of several items is one
   * to events, limits and cancellation, and they share its fate when their worker dies. Default
   * `'auto'`: as many as take a few milliseconds, by the handler's measured run times; always 1 where
   * a `timeout`, `attempts` or `crashAttempts` is to hold for each item.
   */
  readonly chunk?: number | 'auto';
  /**
   * Whether to go on when an item fails, and to give what `Promise.allSettled()` gives, with the item's
   * index. Default false: the first error ends it all.
   */
  readonly settle?: boolean;
  /** Called when the results of further items are there: how many are, of how many if that is known. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** What `map()` gives for an item with `settle: true`. */
export type MapOutcome<R> = PromiseSettledResult<R> & {
  /** The item's place among the items, from 0. */
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
 * Checks the options, and parts map()'s own from those of its tasks.
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
