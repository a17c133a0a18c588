import { types } from 'node:util';
import type { Transferable } from 'node:worker_threads';
import { ConfigurationError } from '../contract/errors.js';
import { safeInspect } from '../contract/safe-inspect.js';
import { isPooled, whyUntransferable } from './transferable.js';

/** What was marked and not yet sent. `used` spares those who never mark anything the look-ups. */
interface Marks {
  used: boolean;
  readonly lists: WeakMap<object, readonly Transferable[]>;
}

// On globalThis, since a bundled application can hold another copy of this file than its worker.
const KEY = Symbol.for('nestjs-asyncermp.transfer');
const shared = globalThis as { [KEY]?: Marks };
const marks: Marks = (shared[KEY] ??= { used: false, lists: new WeakMap() });

/**
 * Marks an argument of a task, or the result of a handler, to be handed over instead of copied: the
 * other side gets the memory itself, and what was handed over is detached here. Only the value itself
 * is looked at, not what it lies in: mark the argument, not a property of it.
 *
 * The mark holds for the next submission (or return) of the value; mark it again to send it again.
 *
 * @param value an ArrayBuffer, a view of one, a MessagePort or a stream; with `transferList`, any object
 * @param transferList what to hand over of the value. Default: the buffer of a view, or the value
 * itself. A SharedArrayBuffer is shared anyway, and passed over.
 * @returns the value itself
 * @throws ConfigurationError for what cannot be handed over, such as a small Buffer from Node's pool
 *
 * @example
 * await this.images.thumbnail(transfer(bytes), 200);
 * return transfer({ pixels, mask }, [pixels.buffer, mask.buffer]);
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
    const trouble = whyUntransferable(entry);
    if (trouble !== undefined) {
      throw new ConfigurationError(
        `transfer(): ${transferList ? 'an entry of the list' : 'the value'} ${trouble}. ` +
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
 * What {@link transfer} marked among the values, to be handed over with them, each once; undefined if
 * nothing was. The marks are taken off.
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
