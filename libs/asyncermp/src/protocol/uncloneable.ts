import { types, inspect } from 'node:util';
import { whyUntransferable } from './transferable.js';
import {
  errorsCloneInTheirCause,
  whyBufferUncloneable,
  whyHostUncloneable,
} from './host-objects.js';
import { headline } from '../contract/safe-inspect.js';
import { TaskSerializationError, type ErrorSubject } from '../contract/errors.js';

/** Where a value cannot be structured-cloned, and why. */
export interface Uncloneable {
  /** The path of the culprit, as one would write it: `args[0].user.save`, `args[1].get("key")`. */
  readonly path: string;
  /** What is wrong, as it fits `<path> <what>, so it cannot be sent between threads`: `is a function`. */
  readonly what: string;
  /** What was thrown where the value was read, if it was that. */
  readonly cause?: unknown;
}

/**
 * Finds out whether a value can be sent between threads, without copying it: undefined if
 * `structuredClone` would clone it, otherwise the first place where it would fail. Getters are read, as
 * a clone reads them.
 *
 * It takes no more than 1,000 levels, however many the stack allows here: a worker's stack is larger
 * than the main thread's, and a message that the other side cannot read is lost with all that follow it
 * on their port.
 *
 * Two things escape it: a plain object that was given to `markAsUncloneable`, and an object of one of
 * Node's own classes that somebody hung large buffers on. So a sender must still expect that
 * `postMessage` throws.
 *
 * @param path how the path begins: `args`, `result`
 * @param transferList what is handed over with the value; its entries are checked, too
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
    // What the value's own code throws was caught where it ran: this is the end of the caller's stack.
    if (error instanceof RangeError) {
      return tooDeep();
    }
    throw error;
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

/** The main thread reads about 1,600 nested objects, on a stack a quarter as large as a worker's. */
const MAX_DEPTH = 1_000;
/** After so many holes in a row an array counts as sparse, and only what it has is visited. */
const MAX_HOLES = 1_000;
/** Buffers from this size on are not copied to find out about what holds them. */
const LARGE_BUFFER_BYTES = 65_536;

/** Goes through one value in the order in which V8's serializer does, up to the first culprit. */
export class CloneWalk {
  #seen: Set<object> | undefined = undefined;
  #openErrors: Set<object> | undefined = undefined;
  /** Whether a trial clone would copy much, or meet what is handed over. */
  #costly = false;

  constructor(private readonly handedOver: ReadonlySet<unknown> | undefined) {}

  /** The first culprit in the value; undefined if it can be cloned. */
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
    if (this.handedOver?.has(value)) {
      this.#costly = true;
      return undefined;
    }
    if (types.isProxy(value)) {
      return found('is a Proxy');
    }
    if (this.#openErrors?.has(value) && !errorsCloneInTheirCause()) {
      return found('is an error that lies in its own cause');
    }
    // Flat arguments, the common case, get by without a Set: a cycle is met again further down.
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
    // Not the iterator of a subclass: the serializer does not ask it.
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

  /** Of an error V8 writes name, message, cause and stack, and no other property. */
  #visitError(error: Error, depth: number): Finding | undefined {
    for (const key of ['name', 'stack'] as const) {
      try {
        // Template literals convert as the serializer does; String() would take a symbol.
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

/** One step of a path: from how the parent is written to how the child is. */
export type Step = (parent: string) => string;

/** The culprit of an uncloneable value, on its way from there to the root. */
export interface Finding {
  /** As it stands behind the path: `is a function`. */
  readonly what: string;
  /** From the culprit outwards. */
  readonly steps: Step[];
  /** What was thrown where the value was read. */
  readonly thrown?: { readonly value: unknown };
  /** The culprit is the depth itself. */
  readonly tooDeep?: true;
}

export function found(what: string): Finding {
  return { what, steps: [] };
}

export function tooDeep(): Finding {
  return { what: 'is nested too deeply', steps: [], tooDeep: true };
}

/** A getter, or a conversion to text, that threw. */
export function unreadable(thrown: unknown): Finding {
  return {
    what: `has a getter that throws (${headline(thrown)})`,
    steps: [],
    thrown: { value: thrown },
  };
}

/** The same culprit, seen from one step further out. */
export function at(finding: Finding, step: Step): Finding {
  finding.steps.push(step);
  return finding;
}

// Made here and not where they are used: a closure in a loop costs an allocation at every turn.

/** An item of an array. */
export function indexStep(index: number): Step {
  return (parent) => `${parent}[${index}]`;
}

/** A key of a Map. */
export function keyStep(index: number): Step {
  return (parent) => `[...${parent}.keys()][${index}]`;
}

/** A value of a Map, by its key where that can be written. */
export function entryStep(key: unknown, index: number): Step {
  return (parent) =>
    typeof key === 'string' || Number.isSafeInteger(key)
      ? `${parent}.get(${JSON.stringify(key)})`
      : `[...${parent}.values()][${index}]`;
}

/** A member of a Set. */
export function memberStep(index: number): Step {
  return (parent) => `[...${parent}][${index}]`;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const INDEX = /^(?:0|[1-9]\d*)$/;

/** `.name`, `[3]` or `["any text"]`. */
export function propertyStep(key: string): Step {
  if (IDENTIFIER.test(key)) {
    return (parent) => `${parent}.${key}`;
  }
  const index = INDEX.test(key) ? key : JSON.stringify(key);
  return (parent) => `${parent}[${index}]`;
}

/** How the culprit is reached from what is written as `root`. */
export function pathOf({ steps, tooDeep: deep }: Finding, root: string): string {
  // A path of a thousand steps helps nobody: which argument it is does.
  const told = deep ? steps.slice(-1) : steps;
  return told.reduceRight((parent, step) => step(parent), root);
}

/**
 * How many numbers, strings and the like an array begins with. A loop of its own,
 * since the engine need not box the numbers where none is held on to: a third of the time on Node 24.
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
    // A getter: the walk meets it again, and knows what to say.
  }
  return index;
}

/** Up to this length, listing all keys is cheaper than asking `inspect`. */
const SHORT = 100;

/**
 * The enumerable keys of an array that are no indices, which a clone takes along: what `match()` adds,
 * or what somebody hung on a list. Undefined if there are none, as nearly always.
 */
export function namedKeys(array: readonly unknown[]): string[] | undefined {
  if (array.length > SHORT && !hasNamedKeys(array)) {
    return undefined;
  }
  const keys = Object.keys(array);
  // The indices come first, in order.
  const first = keys.findLastIndex((key) => isIndex(key)) + 1;
  return first < keys.length ? keys.slice(first) : undefined;
}

/**
 * Object.keys() makes a string of every index, which costs more than the clone itself on an array of a
 * million numbers. inspect() asks the engine for the other keys only, and takes a microsecond.
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

/** The error about a value that was found not to be cloneable. */
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

/** The error about a value that could not be cloned when that was tried, with what was thrown then. */
export function failedToClone(
  value: unknown,
  path: string,
  transferList: readonly unknown[] | undefined,
  thrown: unknown,
  subject: ErrorSubject,
): TaskSerializationError {
  const found = findUncloneable(value, path, transferList);
  const what = found?.what ?? `cannot be cloned (${String(thrown)})`;
  return serializationError({ path: found?.path ?? path, what, cause: thrown }, subject);
}
