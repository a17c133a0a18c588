import { types } from 'node:util';
import workerThreads from 'node:worker_threads';

// Node 20 has no isMarkedAsUntransferable, which a named import would not survive.
const { isMarkedAsUntransferable } = workerThreads as Partial<typeof workerThreads>;

/** Whether the memory of a buffer was handed to another thread. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0 || types.isSharedArrayBuffer(buffer)) {
    return false;
  }
  // ArrayBuffer.prototype.detached came with Node 22. Without bytes, trying costs nothing.
  const { detached } = buffer as { detached?: boolean };
  return detached ?? cloneFailure(buffer) !== undefined;
}

/** What structuredClone throws at a value; undefined if it clones it. */
export function cloneFailure(value: unknown): { readonly thrown: unknown } | undefined {
  try {
    structuredClone(value);
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

/** Whether a {@link cloneFailure} says that the value is one that must be handed over. */
export function needsTransfer(thrown: unknown): boolean {
  // Node 20 throws a TypeError with a code, later ones a DataCloneError without: the text is the same.
  return thrown instanceof Error && thrown.message.includes('needs transfer');
}

/**
 * Whether a view lies in memory that Node shares among many small Buffers: `Buffer.from('text')` and
 * the like. Handing it over would take the memory of strangers with it, so Node refuses (from 21 on)
 * or copies without a word (20).
 */
export function isPooled(view: ArrayBufferView): boolean {
  const { buffer } = view;
  if (isMarkedAsUntransferable) {
    return isMarkedAsUntransferable(buffer);
  }
  return (
    Buffer.isBuffer(view) &&
    view.byteLength < buffer.byteLength &&
    buffer.byteLength === Buffer.poolSize
  );
}

/** Why an entry of a transfer list cannot be handed over, as `is ...`; undefined if it can. */
export function whyUntransferable(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) {
    return `is ${entry === null ? 'null' : `a ${typeof entry}`}, and only objects can be handed over`;
  }
  if (types.isArrayBuffer(entry)) {
    if (isDetached(entry)) {
      return 'is a detached ArrayBuffer';
    }
    return isMarkedAsUntransferable?.(entry)
      ? "is an ArrayBuffer marked as untransferable, as Node's pool of small Buffers is"
      : undefined;
  }
  if (types.isSharedArrayBuffer(entry)) {
    return 'is a SharedArrayBuffer, which both sides share without being listed';
  }
  if (ArrayBuffer.isView(entry)) {
    return 'is a view, in whose place its .buffer must be listed';
  }
  if ((entry as { locked?: unknown }).locked === true) {
    return 'is a locked stream';
  }
  const failure = cloneFailure(entry);
  return failure && needsTransfer(failure.thrown)
    ? undefined
    : 'is not an object that can be handed over (an ArrayBuffer, a MessagePort, a stream)';
}
