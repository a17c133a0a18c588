import * as nest from '@nestjs/common';
import * as ownErrors from '../contract/errors.js';
import { safeInspect, headline } from '../contract/safe-inspect.js';
import { framesOfHandler } from './handler-call.js';
import { withOriginalFrames } from './original-frames.js';
import { sendableByKey, sendableOf } from './sendable-classes.js';
import { findUncloneable, inspectOutgoing, isError } from './uncloneable.js';
import { ValueEncoder, decodeParts, type EncodedValue as EncodedParts } from './value-codec.js';

/**
 * Encodes a thrown value for another thread, where {@link decodeError} restores it. Never throws, whatever was
 * thrown, and the structured clone accepts every value that it returns.
 *
 * An error keeps its name, message, `code`, causes (16 deep), `errors`, stack and own enumerable properties;
 * properties that cannot be cloned become their `inspect` text. It keeps its class if that is built in, one of
 * Nest's `HttpException`s, one of this library's or sendable. Any other class is replaced by a class of the same name
 * that extends the nearest of these. A thrown value that is not an error is cloned; if it cannot be cloned, an
 * Error describes it.
 */
export function encodeError(thrown: unknown): EncodedError {
  try {
    return new ErrorEncoder().encode(thrown);
  } catch {
    return placeholderError(`What was thrown cannot be read: ${safeInspect(thrown)}`);
  }
}

/** Restores the value that {@link encodeError} encoded. Never throws, although a handler may forge what arrives. */
export function decodeError(encoded: EncodedError): unknown {
  try {
    return new ErrorDecoder().decode(encoded);
  } catch (error) {
    return new Error('A worker threw, and what it sent of the error cannot be read', {
      cause: error,
    });
  }
}

/** Encodes the errors within one value. An error that is met twice stays one. */
export function encodeNestedErrors(): (error: object) => EncodedError {
  const encoder = new ErrorEncoder();
  return (error) => encoder.encode(error);
}

/** The other side of {@link encodeNestedErrors}. */
export function decodeNestedError(): (encoded: unknown) => unknown {
  const decoder = new ErrorDecoder();
  return (encoded) => decoder.decode(encoded as EncodedError);
}

/**
 * A thrown value in a form that the structured clone always accepts. Only `encodeError` and `decodeError` read
 * its contents.
 */
export type EncodedError = EncodedValue | EncodedObject | EncodedInstance;

/** A cloneable value that is not an error. */
interface EncodedValue {
  readonly kind: 'value';
  readonly value: unknown;
}

/** A value that the structured clone does not keep whole. */
interface EncodedObject {
  readonly kind: 'parts';
  readonly parts: EncodedParts;
}

/** An error. Errors that refer to each other stay a graph, which the clone preserves. */
interface EncodedInstance {
  readonly kind: 'error';
  /** The name of its class, known or not. */
  readonly className: string;
  /** The ids of the known classes that it is an instance of, nearest first. */
  readonly classes: readonly string[];
  readonly message: string;
  readonly stack: string | undefined;
  /** What `to` of a sendable class returned, from which the other side makes the error. */
  data: EncodedError | undefined;
  readonly properties: EncodedProperty[];
}

/** An array that contains errors: `AggregateError.errors`. */
interface EncodedList {
  readonly kind: 'list';
  readonly items: EncodedError[];
}

type EncodedProperty = [key: string, value: EncodedError | EncodedList, enumerable: boolean];

/** Of a cause nested deeper than this only the first line is sent. */
const MAX_DEPTH = 16;

/** Own properties that are sent even if they are not enumerable. */
const HIDDEN = ['name', 'code', 'cause', 'errors'] as const;
/** Those that are also sent if they are inherited from the class. */
const INHERITED: readonly string[] = ['name', 'code'];

/** Encodes one thrown value. Any property that it reads may be a getter that throws, or have any type. */
class ErrorEncoder {
  /** Errors encoded before. A second reference gets the same object, and cycles end. */
  readonly #encoded = new Map<object, EncodedInstance>();

  encode(thrown: unknown): EncodedError {
    if (isError(thrown)) {
      return this.#error(thrown, 0);
    }
    return (
      this.#snapshot(thrown, 0) ??
      placeholderError(`${safeInspect(thrown)} was thrown, which cannot be sent between threads`)
    );
  }

  #error(error: object, depth: number): EncodedInstance {
    const known = this.#encoded.get(error);
    if (known) {
      return known;
    }
    const message = attempt(() => (error as Error).message);
    const className = attempt(() => error.constructor.name);
    const stack = attempt(() => (error as Error).stack);
    const instance: EncodedInstance = {
      kind: 'error',
      className: typeof className === 'string' ? className : '',
      classes: attempt(() => classIdsOf(error)) ?? [],
      message: typeof message === 'string' ? message : safeInspect(message ?? ''),
      stack: typeof stack === 'string' ? withOriginalFrames(framesOfHandler(stack)) : undefined,
      data: undefined,
      properties: [],
    };
    this.#encoded.set(error, instance);
    const to = sendableOf(error)?.to;
    if (to) {
      const data = attempt(() => this.#snapshot(to(error as never), depth + 1));
      instance.data = data;
    }
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
      const exists = INHERITED.includes(key)
        ? attempt(() => key in error)
        : attempt(() => Object.hasOwn(error, key));
      if (exists && !keys.includes(key)) {
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
          isError(item) && depth <= MAX_DEPTH
            ? this.#error(item, depth)
            : this.#snapshotOrText(item, depth),
        ),
      };
    }
    return this.#snapshotOrText(value, depth);
  }

  /** A copy, made now: a getter may return something else when the value is read again to send it. */
  #snapshot(value: unknown, depth: number): EncodedError | undefined {
    const inspection = inspectOutgoing(value, '', undefined);
    if (inspection?.culprit) {
      return undefined;
    }
    const copy = attempt((): EncodedValue | EncodedObject =>
      inspection
        ? { kind: 'parts', parts: this.#parts(value, inspection.trims, depth) }
        : { kind: 'value', value: structuredClone(value) },
    );
    // The copy is checked as well, because the value may be deeper when it is read a second time.
    return copy && findUncloneable(copy, '') === undefined ? copy : undefined;
  }

  #parts(value: unknown, trims: boolean, depth: number): EncodedParts {
    const encodeError = (error: object) => this.#nested(error, depth + 1);
    const options = { encodeError, transferList: undefined, isStrict: undefined, trims };
    return new ValueEncoder(value, options).encode(value, '');
  }

  #snapshotOrText(value: unknown, depth: number): EncodedError {
    return this.#snapshot(value, depth) ?? text(safeInspect(value));
  }
}

/** An error that describes a thrown value that cannot be sent. */
function placeholderError(message: string): EncodedInstance {
  return {
    kind: 'error',
    className: 'Error',
    classes: ['Error'],
    message,
    stack: undefined,
    data: undefined,
    properties: [],
  };
}

function text(value: string): EncodedValue {
  return { kind: 'value', value };
}

/** What the function returns; undefined if it throws. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Decodes a graph of errors, each error once. */
class ErrorDecoder {
  readonly #decoded = new Map<EncodedInstance, Error>();

  decode(encoded: EncodedError | EncodedList): unknown {
    switch (encoded.kind) {
      case 'error':
        return this.#decoded.get(encoded) ?? this.#error(encoded);
      case 'list':
        return encoded.items.map((item) => this.decode(item));
      case 'parts':
        return this.#parts(encoded.parts);
      default:
        return encoded.value;
    }
  }

  /** An error arrives whatever becomes of its properties. */
  #parts(parts: EncodedParts): unknown {
    try {
      return decodeParts(parts, 'a property', (encoded) => this.decode(encoded as EncodedError));
    } catch (failure) {
      const { what } = failure as { readonly what?: string };
      return `[${what ?? headline(failure)}]`;
    }
  }

  #error(encoded: EncodedInstance): Error {
    const error = this.#fromData(encoded) ?? createInstance(encoded);
    this.#decoded.set(encoded, error);
    for (const [key, encodedValue, enumerable] of encoded.properties) {
      const value = this.decode(encodedValue);
      // A name or a code that the class itself has needs no own property.
      if (enumerable || Reflect.get(error, key) !== value) {
        define(error, key, value, enumerable);
      }
    }
    const { stack } = encoded;
    define(
      error,
      'stack',
      typeof stack === 'string' ? stack : `${error.name}: ${error.message}`,
      false,
    );
    return error;
  }

  /** By `from` of its class. Without one, or where that throws, the error is made of its properties. */
  #fromData({ classes, data }: EncodedInstance): Error | undefined {
    const from = sendableByKey(classes[0]?.slice(SENDABLE.length) ?? '')?.from;
    if (!from || !data) {
      return undefined;
    }
    return attempt(() => {
      const made: unknown = from(this.decode(data) as never);
      return isError(made) ? (made as Error) : undefined;
    });
  }
}

/** The class's key in the table of sendable classes, as an id. */
const SENDABLE = 'sendable:';

/**
 * Creates the error without running the constructor of its class: the constructor's arguments are unknown, and
 * the properties that it set were sent.
 */
function createInstance({ className, classes, message, properties }: EncodedInstance): Error {
  const errorClass = knownClassOf(classes);
  if (errorClass === DOMException) {
    // Its data is in internal slots, which only its constructor fills.
    const name = properties.find(([key]) => key === 'name')?.[1];
    return new DOMException(message, name?.kind === 'value' ? String(name.value) : undefined);
  }
  // Created by Error, so that isNativeError() and inspect() recognise it.
  return Object.setPrototypeOf(
    new Error(message),
    subclassNamed(className, errorClass).prototype,
  ) as Error;
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

/** A class of errors. Its constructor is never run. */
interface ErrorClass {
  readonly name: string;
  readonly prototype: Error;
}

const BUILT_IN = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
  DOMException,
} satisfies Record<string, ErrorClass>;

/** The most prototypes that are followed. No reasonable class hierarchy is deeper. */
const MAX_PROTOTYPES = 32;

/** The classes that exist in both threads, by an id that is the same in both. */
interface KnownClasses {
  readonly byId: ReadonlyMap<string, ErrorClass>;
  readonly idOf: ReadonlyMap<unknown, string>;
}

let cached: KnownClasses | undefined;

// Created on first use, since most workers never send an error.
function knownClasses(): KnownClasses {
  if (!cached) {
    const byId = new Map<string, ErrorClass>(Object.entries(BUILT_IN));
    addErrorClasses(byId, 'nest', nest);
    addErrorClasses(byId, 'asyncermp', ownErrors);
    cached = { byId, idOf: new Map([...byId].map(([id, errorClass]) => [errorClass, id])) };
  }
  return cached;
}

/** By the exported name, which stays the same if a bundler renames the class. */
function addErrorClasses(byId: Map<string, ErrorClass>, family: string, exported: object): void {
  for (const [name, value] of Object.entries(exported) as [string, unknown][]) {
    if (typeof value === 'function' && value.prototype instanceof Error) {
      byId.set(`${family}:${name}`, value);
    }
  }
}

/** The ids of the known classes that an error is an instance of, nearest first. */
function classIdsOf(error: object): string[] {
  const ids: string[] = [];
  const sendable = sendableOf(error);
  if (sendable) {
    ids.push(SENDABLE + sendable.key);
  }
  let prototype: unknown = Object.getPrototypeOf(error);
  for (let i = 0; i < MAX_PROTOTYPES && typeof prototype === 'object' && prototype !== null; i++) {
    const id = idOf((prototype as { constructor?: unknown }).constructor, error);
    if (id !== undefined && !ids.includes(id)) {
      ids.push(id);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return looksLikeHttpException(error) && !ids.some((id) => id.startsWith('nest:'))
    ? ['nest:HttpException', ...ids]
    : ids;
}

function idOf(constructor: unknown, error: object): string | undefined {
  const { byId, idOf: ids } = knownClasses();
  const id = ids.get(constructor);
  if (id !== undefined || typeof constructor !== 'function') {
    return id;
  }
  // A class of another realm, or of another copy of the package in a bundle, is recognised by its name.
  return [
    constructor.name in BUILT_IN ? constructor.name : undefined,
    looksLikeHttpException(error) ? `nest:${constructor.name}` : undefined,
    looksLikeOurs(error) ? `asyncermp:${constructor.name}` : undefined,
  ].find((candidate) => candidate !== undefined && byId.has(candidate));
}

/** The nearest class that this thread knows; Error if it knows none. */
function knownClassOf(ids: readonly string[]): ErrorClass {
  const { byId } = knownClasses();
  for (const id of ids) {
    const errorClass = id.startsWith(SENDABLE)
      ? (sendableByKey(id.slice(SENDABLE.length))?.target as ErrorClass | undefined)
      : byId.get(id);
    if (errorClass) {
      return errorClass;
    }
  }
  return Error;
}

const subclasses = new Map<string, ErrorClass>();
/** The most subclasses that are cached: an application may create classes while it runs. */
const MAX_SUBCLASSES = 1_000;

/**
 * A class with this name that extends a known one, for an error whose own class this thread does not know. So
 * `error.constructor.name`, and what `inspect` and loggers print, stay the same.
 */
function subclassNamed(name: string, known: ErrorClass): ErrorClass {
  if (name === '' || name === known.name) {
    return known;
  }
  const key = `${name} extends ${known.name}`;
  const subclass = subclasses.get(key) ?? createSubclass(name, known);
  if (subclasses.size < MAX_SUBCLASSES) {
    subclasses.set(key, subclass);
  }
  return subclass;
}

function createSubclass(name: string, known: ErrorClass): ErrorClass {
  class Subclass extends (known as ErrorConstructor) {}
  return Object.defineProperty(Subclass, 'name', { value: name });
}

function looksLikeHttpException(error: object): boolean {
  const { status, getStatus, getResponse } = error as Record<string, unknown>;
  return (
    typeof status === 'number' &&
    'response' in error &&
    typeof getStatus === 'function' &&
    typeof getResponse === 'function'
  );
}

function looksLikeOurs(error: object): boolean {
  const { code } = error as { code?: unknown };
  return (Object.values(ownErrors.ErrorCode) as unknown[]).includes(code);
}
