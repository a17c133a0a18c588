import { RunMode, type ItemOutcome } from '../protocol/chunk.js';
import { encodeError } from '../protocol/error-codec.js';
import { serializationError } from '../protocol/serialization-error.js';
import { findUncloneable } from '../protocol/uncloneable.js';
import type { RunningTask } from './running-task.js';

type Run = (this: unknown, ...args: unknown[]) => unknown;

/** The handler as the attempt's mode calls it. */
export function inMode(run: Run, mode: RunMode, task: RunningTask): Run {
  if (mode === RunMode.Single) {
    return run;
  }
  return mode === RunMode.Chunk ? overItems(run, task) : settledOverItems(run, task);
}

function overItems(run: Run, task: RunningTask): Run {
  return async function (this: unknown, ...items: unknown[]) {
    const results: unknown[] = [];
    for (const args of items as unknown[][]) {
      task.throwIfCancelled();
      const result = run.apply(this, args);
      results.push(result instanceof Promise ? await result : result);
    }
    return results;
  };
}

function settledOverItems(run: Run, task: RunningTask): Run {
  return async function (this: unknown, ...items: unknown[]) {
    const outcomes: ItemOutcome[] = [];
    for (const args of items as unknown[][]) {
      task.throwIfCancelled();
      try {
        const result: unknown = await run.apply(this, args);
        refuseUncloneable(result, task);
        outcomes.push([true, result]);
      } catch (error) {
        outcomes.push([false, encodeError(error)]);
      }
    }
    return outcomes;
  };
}

/** Here rather than with the whole chunk, so that it costs this item only. */
function refuseUncloneable(result: unknown, { uid, handler }: RunningTask): void {
  const culprit = findUncloneable(result, 'result');
  if (culprit) {
    throw serializationError(culprit, { uid, handler });
  }
}
