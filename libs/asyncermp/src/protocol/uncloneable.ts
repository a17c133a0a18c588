import { types, inspect } from 'node:util';
import { headline, safeText } from '../contract/safe-inspect.js';
import { TaskSerializationError, type ErrorSubject } from '../contract/errors.js';
import { builtInClassOf, hostNameOf } from './host-values.js';
import {
  classNameOf,
  isFirstLoss,
  isPlainPrototype,
  lostClass,
  type LostClass,
} from './lost-classes.js';
import { sendableOf } from './sendable-classes.js';
import {
  clonesAsItself,
  errorsCloneInTheirCause,
  whyBufferUncloneable,
  whyHostUncloneable,
  whyUntransferable,
} from './structured-clone.js';

/** The first part of a value that the structured clone cannot copy, and why. */
export interface Uncloneable {
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
  const finding = visit(new CloneWalk(transferList && new Set(transferList), undefined), value);
  return finding && uncloneable(finding, path);
}

function uncloneable(finding: Finding, path: string): Uncloneable {
  return {
    path: pathOf(finding, path),
    what: finding.what,
    ...(finding.thrown && { cause: finding.thrown.value }),
  };
}

/** What must happen to a value before it is sent. */
export interface Inspection {
  /** It cannot be sent. */
  readonly culprit: Uncloneable | undefined;
  /** It contains what the structured clone would not keep: it must be encoded. */
  readonly needsEncoding: boolean;
  /** It has views that show less than half of a large buffer. */
  readonly trims: boolean;
  /** A class that it loses, for a warning. */
  readonly lost: LostClass | undefined;
}

/**
 * Checks a value that is about to be sent, like {@link findUncloneable}, and looks in the same pass for what
 * needs more than a clone: sendable classes, errors, objects of Node. Undefined if it can be sent as it is.
 *
 * @param isStrict - Whether an instance of a class that is not sendable is refused. Undefined if its loss is not
 * even noted, as in an error.
 */
export function inspectOutgoing(
  value: unknown,
  path: string,
  isStrict: boolean | undefined,
  transferList?: readonly unknown[],
): Inspection | undefined {
  if (!transferList && isFlat(value)) {
    return undefined;
  }
  const refused = transferList && findUntransferable(transferList);
  if (refused) {
    return { culprit: refused, needsEncoding: false, trims: false, lost: undefined };
  }
  const transferred = transferList && new Set<unknown>(transferList);
  const rules: OutgoingRules = { isStrict, only: undefined };
  const walk = new CloneWalk(transferred, rules);
  const finding = visit(walk, value);
  if (finding) {
    return {
      culprit: uncloneable(finding, path),
      needsEncoding: false,
      trims: false,
      lost: undefined,
    };
  }
  const { needsEncoding, trims, firstLost } = walk;
  if (!needsEncoding && !firstLost) {
    return undefined;
  }
  return {
    culprit: undefined,
    needsEncoding,
    trims,
    lost: firstLost && lostClass(firstLost, pathToInstance(value, path, firstLost, transferred)),
  };
}

/** Whether nothing in it has to be looked at. */
function isFlat(value: unknown): boolean {
  const type = typeof value;
  return type !== 'object' && type !== 'function' && type !== 'symbol';
}

/** By a walk of its own, which refuses just that class: once per class. */
function pathToInstance(
  value: unknown,
  path: string,
  only: object,
  transferred: ReadonlySet<unknown> | undefined,
): string {
  const finding = visit(new CloneWalk(transferred, { isStrict: true, only }), value);
  return finding ? pathOf(finding, path) : path;
}

/** How a walk treats what a clone keeps, but not as it is. */
interface OutgoingRules {
  readonly isStrict: boolean | undefined;
  /** The prototype of the only class that strictness concerns; undefined for all. */
  readonly only: object | undefined;
}

function visit(walk: CloneWalk, value: unknown): Finding | undefined {
  try {
    return walk.visit(value, 0);
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
  /** Undefined where the question is only what the structured clone accepts. */
  readonly #outgoing: OutgoingRules | undefined;
  needsEncoding = false;
  /** It has views that show less than half of a large buffer. */
  trims = false;
  /** The prototype of a class that is lost, and was not reported before. */
  firstLost: object | undefined = undefined;

  constructor(transferred: ReadonlySet<unknown> | undefined, outgoing: OutgoingRules | undefined) {
    this.#transferred = transferred;
    this.#outgoing = outgoing;
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
      return (
        (this.#outgoing &&
          Object.getPrototypeOf(value) !== Array.prototype &&
          this.#leaveClass(value)) ||
        this.#visitArray(value, depth)
      );
    }
    if (Object.getPrototypeOf(value) !== Object.prototype || types.isArgumentsObject(value)) {
      return this.#visitInstance(value, depth);
    }
    const keys = Object.keys(value);
    return keys.length === 0
      ? this.#hiddenState(value, keys)
      : this.#visitProperties(value, keys, depth);
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

  /** What is sent of an instance is decided by its class. */
  #visitOutgoing(value: object, depth: number): Finding | undefined | 'as a clone' {
    const sendable = sendableOf(value);
    if (sendable) {
      this.needsEncoding = true;
      if (sendable.to || isError(value)) {
        // What `to` returns is checked when it is called, and an error can always be sent.
        return undefined;
      }
      const hasMore = !isContainer(value) && !types.isDate(value) && !types.isRegExp(value);
      const builtIn = hasMore ? builtInClassOf(value) : undefined;
      if (builtIn !== undefined) {
        return found(`is an instance of ${builtIn}, whose content only to() and from() can send`);
      }
      const finding = this.#visitProperties(value, ownKeys(value), depth);
      return finding ?? (isContainer(value) ? 'as a clone' : undefined);
    }
    if (isError(value)) {
      this.needsEncoding = true;
      return undefined;
    }
    const host = hostNameOf(value);
    if (host !== undefined) {
      this.needsEncoding = true;
      return host === 'Buffer' ? 'as a clone' : undefined;
    }
    return 'as a clone';
  }

  /** A class that is not sendable, of an object that otherwise clones. */
  #leaveClass(value: object): Finding | undefined {
    if (!this.#outgoing) {
      return undefined;
    }
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === null || sendableOf(value)) {
      this.needsEncoding ||= prototype !== null;
      return undefined;
    }
    const { isStrict, only } = this.#outgoing;
    if (isStrict && (only === undefined || only === prototype)) {
      return found(
        `is an instance of ${classNameOf(prototype)}, which is not sendable and would arrive without its class`,
      );
    }
    if (isStrict === false && isFirstLoss(prototype)) {
      this.firstLost ??= prototype;
    }
    return undefined;
  }

  /** An object that is neither built in nor plain, and that the clone accepts. */
  #leaveInstance(value: object, keys: readonly string[]): Finding | undefined {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (!this.#outgoing || prototype === null) {
      return undefined;
    }
    if (isPlainPrototype(prototype) || (keys.length === 0 && clonesAsItself(value))) {
      return undefined;
    }
    const builtIn = builtInClassOf(value);
    if (builtIn !== undefined) {
      return found(`is ${/^[AEIOU]/.test(builtIn) ? 'an' : 'a'} ${builtIn}`);
    }
    return this.#hiddenState(value, keys) ?? this.#leaveClass(value);
  }

  /** An object that would arrive empty, because all that it holds is under symbols. */
  #hiddenState(value: object, keys: readonly string[]): Finding | undefined {
    return this.#outgoing && keys.length === 0 && Object.getOwnPropertySymbols(value).length > 0
      ? found('has properties under symbols only, which are not sent')
      : undefined;
  }

  #noteBuffer(value: ArrayBufferLike | ArrayBufferView, memory: ArrayBufferLike): void {
    if (memory.byteLength < LARGE_BUFFER_BYTES) {
      return;
    }
    this.#costly = true;
    if (this.#outgoing && value.byteLength < memory.byteLength / 2) {
      this.needsEncoding = true;
      this.trims = true;
    }
  }

  #visitInstance(value: object, depth: number): Finding | undefined {
    if (this.#outgoing) {
      const finding = this.#visitOutgoing(value, depth);
      if (finding !== 'as a clone') {
        return finding;
      }
    }
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
      const memory = ArrayBuffer.isView(value) ? value.buffer : value;
      this.#noteBuffer(value, memory);
      const what = whyBufferUncloneable(value);
      return what === undefined ? undefined : found(what);
    }
    if (types.isMap(value)) {
      return this.#visitMap(value, depth) ?? this.#leaveSubclass(value, Map);
    }
    if (types.isSet(value)) {
      return this.#visitSet(value, depth) ?? this.#leaveSubclass(value, Set);
    }
    if (types.isNativeError(value)) {
      return this.#visitError(value, depth);
    }
    if (types.isDate(value) || types.isRegExp(value)) {
      return this.#leaveSubclass(value, types.isDate(value) ? Date : RegExp);
    }
    if (types.isBoxedPrimitive(value)) {
      return types.isSymbolObject(value) ? found('is a symbol') : undefined;
    }
    const keys = Object.keys(value);
    const finding = this.#visitProperties(value, keys, depth);
    if (finding || (this.#costly && keys.length > 0)) {
      return finding ?? this.#leaveInstance(value, keys);
    }
    const what = whyHostUncloneable(value);
    return what === undefined ? this.#leaveInstance(value, keys) : found(what);
  }

  #leaveSubclass(value: object, base: Function): Finding | undefined {
    const prototype = Object.getPrototypeOf(value) as object | null;
    // A Map of another realm has a prototype of its own, and the same name.
    return this.#outgoing &&
      prototype !== null &&
      prototype !== base.prototype &&
      classNameOf(prototype) !== base.name
      ? this.#leaveClass(value)
      : undefined;
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

/** Whether the error codec sends it. */
export function isError(value: unknown): value is object {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** Its content is more than its properties. */
function isContainer(value: object): boolean {
  return types.isMap(value) || types.isSet(value) || ArrayBuffer.isView(value);
}

/** The properties that cross with an instance: of a view not its bytes. */
function ownKeys(value: object): string[] {
  return ArrayBuffer.isView(value) ? [] : Object.keys(value);
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
