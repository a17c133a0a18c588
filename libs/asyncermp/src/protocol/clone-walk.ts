import { types } from 'node:util';
import { flatLength, namedKeys } from './array-scan.js';
import { errorsCloneInTheirCause, whyBufferUncloneable, whyHostUncloneable } from './exotic.js';
import {
  at,
  entryStep,
  found,
  indexStep,
  keyStep,
  memberStep,
  propertyStep,
  tooDeep,
  unreadable,
  type Finding,
} from './finding.js';

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
