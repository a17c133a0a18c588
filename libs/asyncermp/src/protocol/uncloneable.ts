import { types, inspect } from 'node:util';
import { headline, safeText } from '../contract/safe-inspect.js';
import { TaskSerializationError, type ErrorSubject } from '../contract/errors.js';
import {
  errorsCloneInTheirCause,
  whyBufferUncloneable,
  whyHostUncloneable,
  whyUntransferable,
} from './structured-clone.js';

/** The first part of a value that the structured clone cannot copy, and why. */
interface Uncloneable {
  /** The path to the part, as code: `args[0].user.save`, `args[1].get("key")`. */
  readonly path: string;
  /** The reason, for `<path> <what>, so it cannot be sent between threads`: `is a function`. */
  readonly what: string;
  /** What a getter threw, if that is the reason. */
  readonly cause?: unknown;
}

/**
 * Checks whether a value can be sent between threads, without copying it. Returns undefined if
 * `structuredClone` would clone it, and otherwise the first part that it would refuse. Reads getters, as a
 * clone does.
 *
 * Refuses values of more than 1,000 levels, even if the stack of this thread allows more: a worker's stack is
 * larger than the main thread's, and a message that the receiver cannot read is lost, together with all later
 * messages on that port.
 *
 * It misses two cases: a plain object that was given to `markAsUncloneable`, and an object of one of Node's
 * own classes with properties that hold large buffers. So a sender must still expect `postMessage` to throw.
 *
 * @param path - The beginning of the path: `args`, `result`.
 * @param transferList - The objects to transfer with the value. They are checked too.
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
    // Getters of properties were caught where they ran. What is left is a stack overflow of the walk itself, and
    // odd objects: a typed array with a `buffer` of its own that throws.
    return error instanceof RangeError ? tooDeep() : found(`cannot be read (${headline(error)})`);
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

/** The main thread can read about 1,600 nested objects. Its stack is a quarter of a worker's. */
const MAX_DEPTH = 1_000;
/** An array with more holes than this in a row counts as sparse, and only its own keys are visited. */
const MAX_HOLES = 1_000;
/** An object that holds a buffer of this size or more is not cloned on trial. */
const LARGE_BUFFER_BYTES = 65_536;

/** Visits the parts of one value in the order of V8's serializer, up to the first uncloneable one. */
class CloneWalk {
  readonly #transferred: ReadonlySet<unknown> | undefined;
  #seen: Set<object> | undefined = undefined;
  #openErrors: Set<object> | undefined = undefined;
  /** Whether a trial clone would copy much memory, or would contain a transferred object. */
  #costly = false;

  constructor(transferred: ReadonlySet<unknown> | undefined) {
    this.#transferred = transferred;
  }

  /** The first uncloneable part of the value; undefined if there is none. */
  visit(value: unknown, depth: number): Finding | undefined {
    switch (typeof value) {
      case 'object':
        return value === null ? undefined : this.#visitObject(value, depth);
      case 'function':
        return found('is a function');
      case 'symbol':
        return found('is a symbol');
      default:
        return undefined;
    }
  }

  #visitObject(value: object, depth: number): Finding | undefined {
    if (this.#transferred?.has(value)) {
      this.#costly = true;
      return undefined;
    }
    if (types.isProxy(value)) {
      return found('is a Proxy');
    }
    if (this.#openErrors?.has(value) && !errorsCloneInTheirCause()) {
      return found('is an error that lies in its own cause');
    }
    // Flat arguments, the common case, need no Set. A cycle through them is found one level further down.
    if (depth > 1) {
      this.#seen ??= new Set();
      if (this.#seen.has(value)) {
        return undefined;
      }
      this.#seen.add(value);
    }
    if (depth > MAX_DEPTH) {
      return tooDeep();
    }
    if (Array.isArray(value)) {
      return this.#visitArray(value, depth);
    }
    return Object.getPrototypeOf(value) === Object.prototype && !types.isArgumentsObject(value)
      ? this.#visitProperties(value, Object.keys(value), depth)
      : this.#visitInstance(value, depth);
  }

  #visitArray(array: readonly unknown[], depth: number): Finding | undefined {
    let holes = 0;
    for (let index = flatLength(array); index < array.length; index++) {
      let item: unknown;
      try {
        item = array[index];
      } catch (thrown) {
        return at(unreadable(thrown), indexStep(index));
      }
      if (typeof item === 'object' || typeof item === 'function' || typeof item === 'symbol') {
        const finding = this.visit(item, depth + 1);
        if (finding) {
          return at(finding, indexStep(index));
        }
      } else if (item !== undefined) {
        holes = 0;
      } else if (++holes > MAX_HOLES) {
        return this.#visitProperties(array, Object.keys(array), depth);
      }
    }
    const named = namedKeys(array);
    return named && this.#visitProperties(array, named, depth);
  }

  #visitProperties(target: object, keys: readonly string[], depth: number): Finding | undefined {
    for (const key of keys) {
      let value: unknown;
      try {
        value = (target as Record<string, unknown>)[key];
      } catch (thrown) {
        return at(unreadable(thrown), propertyStep(key));
      }
      const finding = this.visit(value, depth + 1);
      if (finding) {
        return at(finding, propertyStep(key));
      }
    }
    return undefined;
  }

  #visitInstance(value: object, depth: number): Finding | undefined {
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
      const memory = ArrayBuffer.isView(value) ? value.buffer : value;
      this.#costly ||= memory.byteLength >= LARGE_BUFFER_BYTES;
      const what = whyBufferUncloneable(value);
      return what === undefined ? undefined : found(what);
    }
    if (types.isMap(value)) {
      return this.#visitMap(value, depth);
    }
    if (types.isSet(value)) {
      return this.#visitSet(value, depth);
    }
    if (types.isNativeError(value)) {
      return this.#visitError(value, depth);
    }
    if (types.isDate(value) || types.isRegExp(value)) {
      return undefined;
    }
    if (types.isBoxedPrimitive(value)) {
      return types.isSymbolObject(value) ? found('is a symbol') : undefined;
    }
    const keys = Object.keys(value);
    const finding = this.#visitProperties(value, keys, depth);
    if (finding || (this.#costly && keys.length > 0)) {
      return finding;
    }
    const what = whyHostUncloneable(value);
    return what === undefined ? undefined : found(what);
  }

  #visitMap(map: ReadonlyMap<unknown, unknown>, depth: number): Finding | undefined {
    let index = 0;
    // Map.prototype's method, because the serializer ignores an iterator that a subclass overrides.
    for (const [key, value] of Map.prototype.entries.call(map) as Iterable<[unknown, unknown]>) {
      const inKey = this.visit(key, depth + 1);
      if (inKey) {
        return at(inKey, keyStep(index));
      }
      const inValue = this.visit(value, depth + 1);
      if (inValue) {
        return at(inValue, entryStep(key, index));
      }
      index++;
    }
    return undefined;
  }

  #visitSet(set: ReadonlySet<unknown>, depth: number): Finding | undefined {
    let index = 0;
    for (const value of Set.prototype.values.call(set) as Iterable<unknown>) {
      const finding = this.visit(value, depth + 1);
      if (finding) {
        return at(finding, memberStep(index));
      }
      index++;
    }
    return undefined;
  }

  /** V8 writes the name, message, cause and stack of an error, and no other property. */
  #visitError(error: Error, depth: number): Finding | undefined {
    for (const key of ['name', 'stack'] as const) {
      try {
        // A template literal converts as the serializer does. String() would accept a symbol.
        void `${error[key]}`;
      } catch (thrown) {
        return at(unreadable(thrown), propertyStep(key));
      }
    }
    const message = Object.getOwnPropertyDescriptor(error, 'message');
    try {
      void `${message?.value}`;
    } catch (thrown) {
      return at(unreadable(thrown), propertyStep('message'));
    }
    const cause: unknown = Object.getOwnPropertyDescriptor(error, 'cause')?.value;
    this.#openErrors ??= new Set();
    this.#openErrors.add(error);
    const finding = this.visit(cause, depth + 1);
    this.#openErrors.delete(error);
    return finding && at(finding, propertyStep('cause'));
  }
}

/** One step of a path: turns the code of the parent into the code of the child. */
type Step = (parent: string) => string;

/** An uncloneable part. Its path grows while the recursion returns to the root. */
interface Finding {
  /** The text after the path: `is a function`. */
  readonly what: string;
  /** From the part outwards. */
  readonly steps: Step[];
  /** What a getter threw. */
  readonly thrown?: { readonly value: unknown };
  /** The value is uncloneable only because of its depth. */
  readonly tooDeep?: true;
}

function found(what: string): Finding {
  return { what, steps: [] };
}

function tooDeep(): Finding {
  return { what: 'is nested too deeply', steps: [], tooDeep: true };
}

/** A getter, or a conversion to text, threw. */
function unreadable(thrown: unknown): Finding {
  return {
    what: `has a getter that throws (${headline(thrown)})`,
    steps: [],
    thrown: { value: thrown },
  };
}

/** Adds the next step outwards. */
function at(finding: Finding, step: Step): Finding {
  finding.steps.push(step);
  return finding;
}

// Functions of their own, because a closure inside of a loop body costs an allocation in each iteration.

/** An item of an array. */
function indexStep(index: number): Step {
  return (parent) => `${parent}[${index}]`;
}

/** A key of a Map. */
function keyStep(index: number): Step {
  return (parent) => `[...${parent}.keys()][${index}]`;
}

/** A value of a Map, by its key if that can be written as code. */
function entryStep(key: unknown, index: number): Step {
  return (parent) =>
    typeof key === 'string' || Number.isSafeInteger(key)
      ? `${parent}.get(${JSON.stringify(key)})`
      : `[...${parent}.values()][${index}]`;
}

/** A member of a Set. */
function memberStep(index: number): Step {
  return (parent) => `[...${parent}][${index}]`;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const INDEX = /^(?:0|[1-9]\d*)$/;

/** `.name`, `[3]` or `["any text"]`. */
function propertyStep(key: string): Step {
  if (IDENTIFIER.test(key)) {
    return (parent) => `${parent}.${key}`;
  }
  const index = INDEX.test(key) ? key : JSON.stringify(key);
  return (parent) => `${parent}[${index}]`;
}

/** The path to the part, as code that begins with `root`. */
function pathOf({ steps, tooDeep: deep }: Finding, root: string): string {
  // Of a value that is too deep show only the argument: a path of a thousand steps is no help.
  const shown = deep ? steps.slice(-1) : steps;
  return shown.reduceRight((parent, step) => step(parent), root);
}

/**
 * The number of primitives at the beginning of an array. A loop of its own, because V8 does not box the numbers
 * of an array if the loop stores none of them: it takes a third of the time on Node 24.
 */
export function flatLength(array: readonly unknown[]): number {
  let index = 0;
  try {
    for (; index < array.length; index++) {
      const type = typeof array[index];
      if (type === 'object' || type === 'function' || type === 'symbol' || type === 'undefined') {
        break;
      }
    }
  } catch {
    // A getter threw. The walk reads it again, and reports it.
  }
  return index;
}

/** Up to this length, `Object.keys()` is cheaper than `inspect()`. */
const SHORT = 100;

/**
 * The enumerable keys of an array that are not indices, such as those that `match()` adds: a clone includes
 * them. Undefined if there are none, the usual case.
 */
function namedKeys(array: readonly unknown[]): string[] | undefined {
  if (array.length > SHORT && !hasNamedKeys(array)) {
    return undefined;
  }
  const keys = Object.keys(array);
  // Indices come first, in ascending order.
  const first = keys.findLastIndex((key) => isIndex(key)) + 1;
  return first < keys.length ? keys.slice(first) : undefined;
}

/**
 * Object.keys() creates a string for every index, which costs more than the clone itself for an array of a
 * million numbers. inspect() asks V8 for the other keys only, and takes a microsecond.
 */
function hasNamedKeys(array: readonly unknown[]): boolean {
  const text = inspect(array, {
    maxArrayLength: 0,
    depth: 0,
    customInspect: false,
    breakLength: Infinity,
  });
  return !text.endsWith('more items ]');
}

function isIndex(key: string): boolean {
  const index = Number(key) >>> 0;
  return index !== 0xff_ff_ff_ff && String(index) === key;
}

/** The error for a value that {@link findUncloneable} refused. */
export function serializationError(
  { path, what, cause }: Uncloneable,
  subject: ErrorSubject,
): TaskSerializationError {
  return new TaskSerializationError(
    path,
    what,
    subject,
    cause === undefined ? undefined : { cause },
  );
}

/** The error for a value that `postMessage()` or `structuredClone()` refused, with what they threw. */
export function failedToClone(
  value: unknown,
  path: string,
  transferList: readonly unknown[] | undefined,
  thrown: unknown,
  subject: ErrorSubject,
): TaskSerializationError {
  const found = findUncloneable(value, path, transferList);
  const what = found?.what ?? `cannot be cloned (${safeText(thrown)})`;
  return serializationError({ path: found?.path ?? path, what, cause: thrown }, subject);
}
