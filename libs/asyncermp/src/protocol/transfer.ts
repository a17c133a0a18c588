import { types } from 'node:util';
import type { Transferable } from 'node:worker_threads';
import { ConfigurationError } from '../contract/errors.js';
import { safeInspect } from '../contract/safe-inspect.js';
import { isPooled, whyUntransferable } from './structured-clone.js';
import { threadState } from './thread-state.js';

/** The transfer lists of marked values that were not sent yet. */
const marks = threadState('transfer:1', () => ({
  /** False until the first mark, to save the look-ups in applications that never use transfer(). */
  used: false,
  lists: new WeakMap<object, readonly Transferable[]>(),
}));

/**
 * Marks an argument of a task, or the result of a handler, to be transferred instead of copied: the receiving
 * thread gets the memory itself, and the sender's object is detached. Mark the argument or the result itself; a
 * mark on one of its properties has no effect.
 *
 * The mark applies to the next submission (or return) of the value. Mark the value again to send it again.
 *
 * @param value - An ArrayBuffer, a view of one, a MessagePort or a stream; with `transferList`, any object.
 * @param transferList - The objects within the value to transfer. Default: the buffer of a view, or the value
 * itself. A SharedArrayBuffer in the list is skipped, because it is shared anyway.
 * @returns The same value
 * @throws ConfigurationError if an object cannot be transferred, such as a small Buffer from Node's pool
 *
 * @example
 * ```ts
 * await this.images.thumbnail(transfer(bytes), 200);
 * return transfer({ pixels, mask }, [pixels.buffer, mask.buffer]);
 * ```
 */
export function transfer<T>(value: T, transferList?: readonly Transferable[]): T {
  if (typeof value !== 'object' || value === null) {
    throw new ConfigurationError(
      `transfer() takes an object, and got ${safeInspect(value)}. Pass the value as it is: it is copied.`,
    );
  }
  const list = (transferList ?? [ownTransferable(value)]).filter(
    (entry) => !types.isSharedArrayBuffer(entry),
  ) as readonly Transferable[];
  for (const entry of list) {
    const reason = whyUntransferable(entry);
    if (reason !== undefined) {
      throw new ConfigurationError(
        `transfer(): ${transferList ? 'an entry of the list' : 'the value'} ${reason}. ` +
          'Pass an ArrayBuffer, a view of one, a MessagePort or a stream, or list what the value ' +
          'holds of these: transfer(value, [value.pixels.buffer]).',
      );
    }
  }
  marks.lists.set(value, list);
  marks.used = true;
  return value;
}

function ownTransferable(value: object): unknown {
  if (!ArrayBuffer.isView(value)) {
    return value;
  }
  if (isPooled(value)) {
    throw new ConfigurationError(
      `transfer(): the Buffer of ${value.byteLength} bytes lies in memory that Node shares among small ` +
        'Buffers, and that cannot be handed over. Leave transfer() out, as so few bytes are copied in ' +
        'no time, or hand over a copy: transfer(new Uint8Array(buffer)).',
    );
  }
  return value.buffer;
}

/**
 * The joined transfer lists of the values that {@link transfer} marked, each object once; undefined if none is
 * marked. Removes the marks.
 */
export function takeTransferList(values: readonly unknown[]): Transferable[] | undefined {
  if (!marks.used) {
    return undefined;
  }
  let taken: Set<Transferable> | undefined;
  for (const value of values) {
    const list = typeof value === 'object' && value !== null ? marks.lists.get(value) : undefined;
    if (list) {
      marks.lists.delete(value as object);
      taken ??= new Set();
      for (const entry of list) {
        taken.add(entry);
      }
    }
  }
  return taken && [...taken];
}
