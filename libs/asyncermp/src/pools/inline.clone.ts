import { failedToClone } from '../protocol/serialization-error.js';
import type { Attempt } from './lane.js';

/**
 * A copy, as it would arrive on the other side of a thread.
 * @throws TaskSerializationError where it would not
 */
export function cloneForTask<T>(
  value: T,
  path: string,
  transfer: readonly unknown[] | undefined,
  { uid, handlerName }: Attempt,
): T {
  try {
    return structuredClone(value, { transfer: (transfer ?? []) as ArrayBuffer[] });
  } catch (error) {
    throw failedToClone(value, path, transfer, error, { uid, handler: handlerName });
  }
}
