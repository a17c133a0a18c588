import { types } from 'node:util';
import { classNamed, classOf, classIdsOf } from './error-classes.js';
import { safeInspect, headline } from '../contract/safe-inspect.js';
import { framesOfHandler } from './handler-call.js';
import { originalFrames } from '../preload/original-frames.js';
import { findUncloneable } from './uncloneable.js';

/**
 * Takes apart what a handler threw, so that {@link decodeError} can put it together in another thread.
 * Never throws, and what it returns can always be sent, whatever was thrown.
 *
 * An error keeps its class (built-in ones, Nest's `HttpException`s, this library's; any other becomes
 * a class of that name which extends the nearest of these), name, message, `code`, causes (16 deep), `errors`, stack and own enumerable
 * properties, of which those that cannot be cloned become their `inspect` text. Anything else that was
 * thrown is cloned; what cannot be becomes an Error that says what it was.
 */
export function encodeError(thrown: unknown): EncodedError {
  try {
    return new ErrorEncoder().encode(thrown);
  } catch {
    return standIn(`What was thrown cannot be read: ${safeInspect(thrown)}`);
  }
}

/** Puts together what {@link encodeError} took apart. */
export function decodeError(encoded: EncodedError): unknown {
  return new Reviver().revive(encoded);
}

/** Revives a graph of errors, each once. */
class Reviver {
  readonly #revived = new Map<EncodedInstance, Error>();

  revive(encoded: EncodedError | EncodedList): unknown {
    switch (encoded.kind) {
      case 'error':
        return this.#revived.get(encoded) ?? this.#error(encoded);
      case 'list':
        return encoded.items.map((item) => this.revive(item));
      default:
        return encoded.value;
    }
  }

  #error(encoded: EncodedInstance): Error {
    const error = instanceOf(encoded);
    this.#revived.set(encoded, error);
    for (const [key, value, enumerable] of encoded.properties) {
      const revived = this.revive(value);
      // A name or a code that the revived class has by itself needs no property.
      if (enumerable || Reflect.get(error, key) !== revived) {
        define(error, key, revived, enumerable);
      }
    }
    const { stack = `${error.name}: ${error.message}` } = encoded;
    define(error, 'stack', stack, false);
    return error;
  }
}

/** The constructors are not run: what they take is not known, and what they made is in the properties. */
function instanceOf({ className, classes, message, properties }: EncodedInstance): Error {
  const errorClass = classOf(classes);
  if (errorClass === DOMException) {
    // All it has lies in slots that only its constructor fills.
    const name = properties.find(([key]) => key === 'name')?.[1];
    return new DOMException(message, name?.kind === 'value' ? String(name.value) : undefined);
  }
  // Made by Error, so that isNativeError() and inspect() know it for one.
  return Object.setPrototypeOf(
    new Error(message),
    classNamed(className, errorClass).prototype,
  ) as Error;
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

/**
 * What was thrown, in a form that always survives the structured clone. Nobody looks into it but
 * `encodeError` and `decodeError`.
 */
export type EncodedError = EncodedValue | EncodedInstance;

/** Something cloneable that is no error. */
export interface EncodedValue {
  readonly kind: 'value';
  readonly value: unknown;
}

/** An error, taken apart. Errors that point at each other stay a graph, which the clone keeps. */
export interface EncodedInstance {
  readonly kind: 'error';
  /** The name of its own class, known or not. */
  readonly className: string;
  /** Ids of the known classes it is an instance of, nearest first. */
  readonly classes: readonly string[];
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: EncodedProperty[];
}

/** An array with errors in it: `AggregateError.errors`. */
export interface EncodedList {
  readonly kind: 'list';
  readonly items: EncodedError[];
}

export type EncodedProperty = [key: string, value: EncodedError | EncodedList, enumerable: boolean];

/** Causes of causes beyond this are told by their first line only. */
const MAX_DEPTH = 16;

/** Own properties that are carried though they are not enumerable. */
const HIDDEN = ['name', 'code', 'cause', 'errors'] as const;
/** Those that are carried even if the class has them, and not the error itself. */
const OF_CLASS: readonly string[] = ['name', 'code'];

/** Takes one thrown value apart. Everything it reads may throw, and lie. */
export class ErrorEncoder {
  /** Errors met before: what points at them again gets the same object, and cycles end. */
  readonly #encoded = new Map<object, EncodedInstance>();

  encode(thrown: unknown): EncodedError {
    if (isError(thrown)) {
      return this.#error(thrown, 0);
    }
    return (
      snapshot(thrown) ??
      standIn(`${safeInspect(thrown)} was thrown, which cannot be sent between threads`)
    );
  }

  #error(error: object, depth: number): EncodedInstance {
    const met = this.#encoded.get(error);
    if (met) {
      return met;
    }
    const message = attempt(() => (error as Error).message);
    const className = attempt(() => error.constructor.name);
    const stack = attempt(() => (error as Error).stack);
    const instance: EncodedInstance = {
      kind: 'error',
      className: typeof className === 'string' ? className : '',
      classes: attempt(() => classIdsOf(error)) ?? [],
      message: typeof message === 'string' ? message : safeInspect(message ?? ''),
      stack: typeof stack === 'string' ? originalFrames(framesOfHandler(stack)) : undefined,
      properties: [],
    };
    this.#encoded.set(error, instance);
    this.#addProperties(error, instance, depth);
    return instance;
  }

  #addProperties(error: object, { properties }: EncodedInstance, depth: number): void {
    const keys = attempt(() => Object.keys(error)) ?? [];
    for (const key of keys) {
      if (key !== 'stack') {
        properties.push([key, this.#property(error, key, depth), true]);
      }
    }
    for (const key of HIDDEN) {
      const carried = OF_CLASS.includes(key)
        ? attempt(() => key in error)
        : attempt(() => Object.hasOwn(error, key));
      if (carried && !keys.includes(key)) {
        properties.push([key, this.#property(error, key, depth), false]);
      }
    }
  }

  #property(error: object, key: string, depth: number): EncodedError | EncodedList {
    try {
      return this.#nested((error as Record<string, unknown>)[key], depth + 1);
    } catch (thrown) {
      return text(`[a getter that throws ${headline(thrown)}]`);
    }
  }

  #nested(value: unknown, depth: number): EncodedError | EncodedList {
    if (isError(value)) {
      return depth > MAX_DEPTH ? text(`[${headline(value)}]`) : this.#error(value, depth);
    }
    if (Array.isArray(value) && value.some(isError)) {
      return {
        kind: 'list',
        items: value.map((item) =>
          isError(item) && depth <= MAX_DEPTH ? this.#error(item, depth) : orText(item),
        ),
      };
    }
    return orText(value);
  }
}

/** An error that says what could not be sent. */
export function standIn(message: string): EncodedInstance {
  return {
    kind: 'error',
    className: 'Error',
    classes: ['Error'],
    message,
    stack: undefined,
    properties: [],
  };
}

function isError(value: unknown): value is object {
  return types.isNativeError(value) || attempt(() => value instanceof Error) === true;
}

/** A copy, made now: what is read again when it is sent may have become something else. */
function snapshot(value: unknown): EncodedValue | undefined {
  if (findUncloneable(value, '') !== undefined) {
    return undefined;
  }
  return attempt(() => ({ kind: 'value', value: structuredClone(value) }));
}

function orText(value: unknown): EncodedValue {
  return snapshot(value) ?? text(safeInspect(value));
}

function text(value: string): EncodedValue {
  return { kind: 'value', value };
}

/** The outcome, or undefined if it throws. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
