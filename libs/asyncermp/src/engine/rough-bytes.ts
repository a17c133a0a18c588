import { types } from 'node:util';

/**
 * Estimates how many bytes a value keeps from being freed: in well under a microsecond for a small value, and
 * in some 20 microseconds at most for a common large one, which took V8 a hundred times as long to receive.
 *
 * The value came from a worker, as a clone, or was decoded from one.
 */
export function roughBytes(value: unknown): number {
  return typeof value === 'object' && value !== null
    ? new Estimate(false).ofObject(value, 0, 0)
    : leafBytes(value);
}

/**
 * The same for a value that the application itself made, such as the reason of a cancel. It may be anything:
 * no getter and no trap of a Proxy is called, and V8 is not made to write the stack of an error as text, which
 * would take longer than all the rest of a cancel.
 */
export function roughBytesOfOwn(value: unknown): number {
  return typeof value === 'object' && value !== null
    ? new Estimate(true).ofObject(value, 0, 0)
    : leafBytes(value);
}

/** How many values an estimate looks at, before it looks at one in each list and object only. */
const MOST_VALUES = 512;
/** An item of a list is looked at only if at least this number of these is left for what it contains. */
const VALUES_PER_ITEM = 16;

// What V8 takes on a 64-bit machine for what it read from a message, measured.
const OBJECT = 56;
/** The properties that an object has room for without a list of its own. */
const ROOM = 4;
const SLOT = 8;
const ARRAY = 16;
/**
 * The places of the smallest list in an error. What an error has was cloned twice, and V8 writes a list that it
 * cloned before item by item: it reads that into a list with room to grow.
 */
const LIST_IN_ERROR = 16;
const HEAP_NUMBER = 16;
const TEXT = 20;
const MAP_ENTRY = 40;
const SET_ENTRY = 26;
/** An object with more properties is a table, whose keys are likely its own. */
const MOST_SHARED_KEYS = 32;
const TABLE_ENTRY = 40;
/** An `ArrayBuffer` and its view, without the bytes. */
const BUFFER = 200;
/** An error without its message and its stack as text. */
const ERROR = 600;

/**
 * Looks at a value. Small ones are seen as a whole. Of long lists it looks at items spread over the list, and each
 * list or object gets its share of the values that may still be looked at: one that uses it up is followed along
 * a single path.
 */
class Estimate {
  readonly #isOwn: boolean;
  #left = MOST_VALUES;
  #seen: Set<object> | undefined = undefined;
  /** The places of the smallest list that is not empty. */
  #smallestList = 0;

  /** @param isOwn - Whether the application made the value, so that reading it may run code of the user. */
  constructor(isOwn: boolean) {
    this.#isOwn = isOwn;
  }

  /** @param floor - What this object must leave of the values that may be looked at. */
  ofObject(value: object, floor: number, depth: number): number {
    if (this.#isOwn && types.isProxy(value)) {
      return OBJECT;
    }
    if (isBuffer(value)) {
      return this.#ofBuffer(value);
    }
    // A flat value, the common case, needs no Set. A cycle through it is found one level further down.
    if (depth > 1 && this.#isKnown(value)) {
      return 0;
    }
    this.#left--;
    if (Array.isArray(value)) {
      return this.#ofArray(value, floor, depth);
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null
      ? this.#ofProperties(value, Object.keys(value), this.#isOwn, floor, depth)
      : this.#ofInstance(value, floor, depth);
  }

  #ofInstance(value: object, floor: number, depth: number): number {
    if (types.isMap(value)) {
      const size = sizeOf(Map.prototype, value);
      const half = floor + (this.#left - floor) / 2;
      const keys = this.#ofMembers(Map.prototype.keys.call(value), size, half, depth);
      const values = this.#ofMembers(Map.prototype.values.call(value), size, floor, depth);
      return OBJECT + MAP_ENTRY * size + keys + values;
    }
    if (types.isSet(value)) {
      const size = sizeOf(Set.prototype, value);
      const members = this.#ofMembers(Set.prototype.values.call(value), size, floor, depth);
      return OBJECT + SET_ENTRY * size + members;
    }
    if (types.isNativeError(value)) {
      return this.#ofError(value, floor, depth);
    }
    if (types.isBoxedPrimitive(value)) {
      // The characters of a String are its properties.
      return (
        OBJECT + (types.isStringObject(value) ? leafBytes(String.prototype.valueOf.call(value)) : 0)
      );
    }
    const content = !this.#isOwn && value instanceof Blob ? value.size : 0;
    return content + this.#ofProperties(value, Object.keys(value), true, floor, depth);
  }

  #ofError(error: Error, floor: number, depth: number): number {
    const keys = ['message', 'cause', 'errors', ...Object.keys(error)];
    // Text already where the error came from a worker, or was made without frames.
    const stack = this.#isOwn ? 0 : leafBytes(error.stack);
    const smallestList = this.#smallestList;
    this.#smallestList = this.#isOwn ? 0 : LIST_IN_ERROR;
    const bytes = ERROR + stack + this.#ofProperties(error, keys, true, floor, depth);
    this.#smallestList = smallestList;
    return bytes;
  }

  #ofArray(array: readonly unknown[], floor: number, depth: number): number {
    const { length } = array;
    const looks = this.#looks(length, floor);
    let first = 0;
    let others = 0;
    for (let look = 0; look < looks; look++) {
      const index = looks === length ? look : Math.floor(((look + 0.5) * length) / looks);
      const item = this.#isOwn ? readSafely(array, index) : array[index];
      if (item === undefined && looks < length && !Object.hasOwn(array, index)) {
        return this.#ofProperties(array, Object.keys(array), this.#isOwn, floor, depth);
      }
      const bytes = this.#ofChild(item, this.#share(floor, looks - look), depth);
      if (look === 0) {
        first = bytes;
      } else {
        others += bytes;
      }
    }
    const places = length === 0 ? 0 : Math.max(length, this.#smallestList);
    return ARRAY + SLOT * places + ofAll(length, looks, first, others);
  }

  /** @param count - How many members there are. */
  #ofMembers(members: Iterable<unknown>, count: number, floor: number, depth: number): number {
    const looks = this.#looks(count, floor);
    const step = Math.floor(count / looks);
    let first = 0;
    let others = 0;
    let index = 0;
    let look = 0;
    for (const member of members) {
      if (look === looks) {
        break;
      }
      if (index++ % step === 0) {
        const bytes = this.#ofChild(member, this.#share(floor, looks - look), depth);
        if (look++ === 0) {
          first = bytes;
        } else {
          others += bytes;
        }
      }
    }
    return ofAll(count, looks, first, others);
  }

  /** @param hasGetters - Whether a property may be a getter. */
  #ofProperties(
    object: object,
    keys: readonly string[],
    hasGetters: boolean,
    floor: number,
    depth: number,
  ): number {
    const { length } = keys;
    if (length > MOST_SHARED_KEYS) {
      return this.#ofTable(object, keys, hasGetters, floor, depth);
    }
    const isSpent = this.#left <= floor;
    let bytes = length <= ROOM ? OBJECT : OBJECT + SLOT * length;
    let nested = 0;
    let last: object | undefined;
    for (let index = 0; index < length; index++) {
      const value = read(object, keys[index] ?? '', hasGetters);
      if (!isSpent) {
        bytes += this.#ofChild(value, this.#share(floor, length - index), depth);
      } else if (isNested(value)) {
        nested++;
        last = value;
      } else {
        bytes += this.#ofChild(value, floor, depth);
      }
    }
    return last === undefined ? bytes : bytes + nested * this.ofObject(last, floor, depth + 1);
  }

  #ofTable(
    object: object,
    keys: readonly string[],
    hasGetters: boolean,
    floor: number,
    depth: number,
  ): number {
    const { length } = keys;
    const looks = this.#looks(length, floor);
    let first = 0;
    let others = 0;
    for (let look = 0; look < looks; look++) {
      const key = keys[looks === length ? look : Math.floor(((look + 0.5) * length) / looks)] ?? '';
      const value = read(object, key, hasGetters);
      const bytes = leafBytes(key) + this.#ofChild(value, this.#share(floor, looks - look), depth);
      if (look === 0) {
        first = bytes;
      } else {
        others += bytes;
      }
    }
    return OBJECT + TABLE_ENTRY * length + ofAll(length, looks, first, others);
  }

  #ofChild(value: unknown, floor: number, depth: number): number {
    if (typeof value === 'object' && value !== null) {
      return this.ofObject(value, floor, depth + 1);
    }
    this.#left--;
    return leafBytes(value);
  }

  #ofBuffer(value: ArrayBufferLike | ArrayBufferView): number {
    this.#left--;
    const memory = ArrayBuffer.isView(value) ? value.buffer : value;
    // Several views may be of one buffer, which is kept once.
    return this.#isKnown(memory) ? BUFFER : BUFFER + memory.byteLength;
  }

  #isKnown(value: object): boolean {
    this.#seen ??= new Set();
    const { size } = this.#seen;
    return this.#seen.add(value).size === size;
  }

  /** How many of these items to look at. */
  #looks(count: number, floor: number): number {
    const most = Math.floor((this.#left - floor) / VALUES_PER_ITEM);
    return Math.min(count, Math.max(1, most));
  }

  /** What the next of some items must leave of the values, so that each of them gets as many. */
  #share(floor: number, items: number): number {
    return this.#left - (this.#left - floor) / items;
  }
}

/** The first one that was looked at has what all share, and only the others stand for those that were not. */
function ofAll(count: number, looks: number, first: number, others: number): number {
  if (looks === count) {
    return first + others;
  }
  return looks === 1 ? first * count : first + (others / (looks - 1)) * (count - 1);
}

/** As the class itself says: a subclass may have another `size`. */
function sizeOf(prototype: object, value: object): number {
  return Reflect.get(prototype, 'size', value) as number;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isBuffer(value);
}

function isBuffer(value: object): value is ArrayBufferLike | ArrayBufferView {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value);
}

/** What a value takes beside the 8 bytes of the place where it is. */
function leafBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return TEXT + (isWide(value) ? 2 * value.length : value.length);
    case 'number':
      return (value | 0) === value ? 0 : HEAP_NUMBER;
    case 'bigint':
      return HEAP_NUMBER + value.toString(16).length / 2;
    default:
      return 0;
  }
}

/** How many characters of a text are looked at. */
const LOOKS_PER_TEXT = 8;

/** Whether V8 keeps the text with two bytes for each character, because one of them is not in Latin-1. */
function isWide(text: string): boolean {
  const step = Math.ceil(text.length / LOOKS_PER_TEXT);
  for (let index = 0; index < text.length; index += step) {
    if (text.charCodeAt(index) > 0xff) {
      return true;
    }
  }
  return false;
}

function read(object: object, key: string, hasGetters: boolean): unknown {
  return hasGetters ? readSafely(object, key) : (object as Record<string, unknown>)[key];
}

/** Undefined for a getter, which is not called. */
function readSafely(object: object, key: string | number): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}
