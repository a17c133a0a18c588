import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 1;

/** The reason with which the promise rejects. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to reject, and resolved');
}

/** The error that the function throws. */
export function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to throw, and returned');
}

/**
 * Resolves once the condition holds. It looks every millisecond: to look at every turn of the event loop
 * takes a core from the workers that the test waits for.
 *
 * @param awaited - What the test waits for, as the end of the sentence "It waited until ...".
 * @param limitMs - Below the time limit of a test, so that the failure names what did not happen.
 */
export async function until(
  awaited: string,
  isTrue: () => boolean,
  limitMs = 30_000,
): Promise<void> {
  const since = performance.now();
  while (!isTrue()) {
    const waitedMs = performance.now() - since;
    if (waitedMs > limitMs) {
      throw new Error(`It waited until ${awaited}, and gave up after ${Math.round(waitedMs)} ms`);
    }
    await sleep(POLL_MS);
  }
}

/** Lets the event loop turn: Node has reported by then which rejections had no handler. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
