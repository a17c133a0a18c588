import { types } from 'node:util';
import workerThreads from 'node:worker_threads';

/*
 * Which single objects the structured clone can copy and which it can transfer. The messages of errors are
 * built from the reasons: `args[0] is a detached ArrayBuffer`.
 */

// A namespace import, because Node 20 has no isMarkedAsUntransferable() and a named import of it would fail.
const { isMarkedAsUntransferable } = workerThreads as Partial<typeof workerThreads>;

/** Why a buffer or a view cannot be cloned; undefined if it can. Neither reads nor copies its bytes. */
export function whyBufferUncloneable(value: ArrayBufferLike | ArrayBufferView): string | undefined {
  if (!ArrayBuffer.isView(value)) {
    return isDetached(value) ? 'is a detached ArrayBuffer' : undefined;
  }
  if (isDetached(value.buffer)) {
    return 'is a view of a detached ArrayBuffer';
  }
  // A resizable buffer can shrink below its views. Their length is then 0, or reading it throws.
  return (value.buffer as { resizable?: boolean }).resizable && isOutOfBounds(value)
    ? 'is a view beyond the end of its ArrayBuffer'
    : undefined;
}

function isOutOfBounds(view: ArrayBufferView): boolean {
  try {
    return view.byteLength === 0 && cloneFailure(view) !== undefined;
  } catch {
    return true;
  }
}

/** Whether the memory of a buffer was transferred to another thread. */
function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0 || types.isSharedArrayBuffer(buffer)) {
    return false;
  }
  // Node 20 has no ArrayBuffer.prototype.detached. To try costs little, since there are no bytes to copy.
  const { detached } = buffer as { detached?: boolean };
  return detached ?? cloneFailure(buffer) !== undefined;
}

/** Prototypes whose objects are known to clone as plain objects. */
const plainClasses = new WeakSet<object>();

/**
 * Why an object with a prototype of its own cannot be cloned, whatever its properties are; undefined if it
 * can. Only a trial clone distinguishes a class of the user from one of V8 or Node, whose list differs from
 * version to version. Classes that pass the trial are not tried again.
 */
export function whyHostUncloneable(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (isObject(prototype) && plainClasses.has(prototype)) {
    return undefined;
  }
  const failure = cloneFailure(value);
  if (failure) {
    const name = nameOf(value);
    const reason = `is ${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;
    return needsTransfer(failure.thrown) ? `${reason} that is not in the transfer list` : reason;
  }
  // Only passes are cached. Generators and the like, which fail, have prototypes of their own; but an arguments
  // object, which fails too, shares the prototype of plain objects.
  if (isObject(prototype)) {
    plainClasses.add(prototype);
  }
  return undefined;
}

/** Prototypes whose objects a clone keeps, or replaces by one of the same kind, such as Node's Blob. */
const hostClasses = new WeakMap<object, boolean>();

/**
 * Whether a clone of an object without properties has a class, and so its content. Otherwise it is `{}`. Only a
 * trial clone tells, once for each class.
 */
export function clonesAsItself(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object;
  let isHost = hostClasses.get(prototype);
  if (isHost === undefined) {
    isHost = Object.getPrototypeOf(structuredClone(value)) !== Object.prototype;
    hostClasses.set(prototype, isHost);
  }
  return isHost;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function nameOf(value: object): string {
  if (types.isArgumentsObject(value)) {
    return 'arguments object';
  }
  try {
    const name: unknown = value.constructor?.name;
    // The constructors of iterators and generators have no helpful name.
    return typeof name === 'string' && !['', 'Object', 'Iterator'].includes(name)
      ? name
      : Object.prototype.toString.call(value).slice('[object '.length, -1);
  } catch {
    return 'object that cannot be cloned';
  }
}

/** What structuredClone() throws for a value; undefined if it clones the value. */
function cloneFailure(value: unknown): { readonly thrown: unknown } | undefined {
  try {
    structuredClone(value);
    return undefined;
  } catch (thrown) {
    return { thrown };
  }
}

/** Whether structuredClone() threw this because the value can only be transferred. */
function needsTransfer(thrown: unknown): boolean {
  // Node 20 throws a TypeError with a code, later versions a DataCloneError without. The text is the same.
  return thrown instanceof Error && thrown.message.includes('needs transfer');
}

let cyclicErrorsClone: boolean | undefined;

/** False on Node 20 and 22: they write an error that is its own cause, but cannot read it again. */
export function errorsCloneInTheirCause(): boolean {
  if (cyclicErrorsClone === undefined) {
    const error = new Error('cyclic');
    error.cause = error;
    cyclicErrorsClone = cloneFailure(error) === undefined;
  }
  return cyclicErrorsClone;
}

/**
 * Whether a view lies in the memory that Node shares among many small Buffers (`Buffer.from('text')` and the
 * like). A transfer would detach the other Buffers too, so Node 21 and later refuse it; Node 20 silently
 * copies.
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

/** Why an entry of a transfer list cannot be transferred, as `is ...`; undefined if it can. */
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
