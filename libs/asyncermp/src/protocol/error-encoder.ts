import { types } from 'node:util';
import type { EncodedError, EncodedInstance, EncodedList, EncodedValue } from './encoded-error.js';
import { classIdsOf } from './error-classes.js';
import { framesOfHandler } from './handler-call.js';
import { originalFrames } from '../preload/original-frames.js';
import { headline, safeInspect } from '../tasks/safe-inspect.js';
import { findUncloneable } from './uncloneable.js';

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
