import { CloneWalk } from './clone-walk.js';
import { pathOf, tooDeep, type Finding } from './finding.js';
import { whyUntransferable } from './transferable.js';

/** Where a value cannot be structured-cloned, and why. */
export interface Uncloneable {
  /** The path of the culprit, as one would write it: `args[0].user.save`, `args[1].get("key")`. */
  readonly path: string;
  /** What is wrong, as it fits `<path> <what>, so it cannot be sent between threads`: `is a function`. */
  readonly what: string;
  /** What was thrown where the value was read, if it was that. */
  readonly cause?: unknown;
}

/**
 * Finds out whether a value can be sent between threads, without copying it: undefined if
 * `structuredClone` would clone it, otherwise the first place where it would fail. Getters are read, as
 * a clone reads them.
 *
 * It takes no more than 1,000 levels, however many the stack allows here: a worker's stack is larger
 * than the main thread's, and a message that the other side cannot read is lost with all that follow it
 * on their port.
 *
 * Two things escape it: a plain object that was given to `markAsUncloneable`, and an object of one of
 * Node's own classes that somebody hung large buffers on. So a sender must still expect that
 * `postMessage` throws.
 *
 * @param path how the path begins: `args`, `result`
 * @param transferList what is handed over with the value; its entries are checked, too
 */
export function findUncloneable(
  value: unknown,
  path: string,
  transferList?: readonly unknown[],
): Uncloneable | undefined {
  const refused = transferList && findUntransferable(transferList);
  if (refused) {
    return refused;
  }
  const finding = walk(value, transferList);
  return (
    finding && {
      path: pathOf(finding, path),
      what: finding.what,
      ...(finding.thrown && { cause: finding.thrown.value }),
    }
  );
}

function walk(value: unknown, transferList: readonly unknown[] | undefined): Finding | undefined {
  try {
    return new CloneWalk(transferList && new Set(transferList)).visit(value, 0);
  } catch (error) {
    // What the value's own code throws was caught where it ran: this is the end of the caller's stack.
    if (error instanceof RangeError) {
      return tooDeep();
    }
    throw error;
  }
}

function findUntransferable(transferList: readonly unknown[]): Uncloneable | undefined {
  const met = new Set<unknown>();
  for (const [index, entry] of transferList.entries()) {
    const what = met.has(entry) ? 'is listed twice' : whyUntransferable(entry);
    if (what !== undefined) {
      return { path: `transfer[${index}]`, what };
    }
    met.add(entry);
  }
  return undefined;
}
