import { types } from 'node:util';
import { cloneFailure, isDetached, needsTransfer } from './transferable.js';

/** Why a buffer or a view cannot be cloned; undefined if it can. Its bytes are neither read nor copied. */
export function whyBufferUncloneable(value: ArrayBufferLike | ArrayBufferView): string | undefined {
  if (!ArrayBuffer.isView(value)) {
    return isDetached(value) ? 'is a detached ArrayBuffer' : undefined;
  }
  if (isDetached(value.buffer)) {
    return 'is a view of a detached ArrayBuffer';
  }
  // A resizable buffer can shrink below its views, which then have no length or throw.
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

/** Prototypes whose objects were seen to clone as plain objects. */
const plainClasses = new WeakSet<object>();

/**
 * Why an object with a prototype of its own cannot be cloned, whatever its properties are; undefined if
 * it can. Only a trial tells a class of the user's from one of the engine's or of Node's, whose list
 * differs from version to version. It is made once for each class, unless it fails.
 */
export function whyHostUncloneable(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (isObject(prototype) && plainClasses.has(prototype)) {
    return undefined;
  }
  const failure = cloneFailure(value);
  if (failure) {
    const name = nameOf(value);
    const what = `is ${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;
    return needsTransfer(failure.thrown) ? `${what} that is not in the transfer list` : what;
  }
  // Generators and the like have prototypes of their own, and arguments that of plain objects.
  if (isObject(prototype)) {
    plainClasses.add(prototype);
  }
  return undefined;
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
    // Iterators and generators have constructors that say nothing of them.
    return typeof name === 'string' && !['', 'Object', 'Iterator'].includes(name)
      ? name
      : Object.prototype.toString.call(value).slice('[object '.length, -1);
  } catch {
    return 'object that cannot be cloned';
  }
}

let cyclicErrorsClone: boolean | undefined;

/** Node 20 and 22 write an error that lies in its own cause, and cannot read what they wrote. */
export function errorsCloneInTheirCause(): boolean {
  if (cyclicErrorsClone === undefined) {
    const error = new Error('cyclic');
    error.cause = error;
    cyclicErrorsClone = cloneFailure(error) === undefined;
  }
  return cyclicErrorsClone;
}
