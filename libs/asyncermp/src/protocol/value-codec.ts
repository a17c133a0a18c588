import { types } from 'node:util';
import { safeInspect } from '../contract/safe-inspect.js';
import { decodeHost, encodeHost, hostNameOf } from './host-values.js';
import { isReplaced, sendableByKey, sendableOf, type SendableClass } from './sendable-classes.js';
import { clonesAsItself } from './structured-clone.js';
import { inspectOutgoing, isError } from './uncloneable.js';

/**
 * A value in a form that the structured clone keeps whole. The root lies in an array, so that it has a place like
 * any other part. Only the codec reads its contents.
 *
 * A part that the clone would not keep is left out of the copy; a step makes it and puts it into its places,
 * which the clone still knows as objects of the same message. So the receiver walks nothing, shared references stay
 * shared, and cycles closed.
 */
export interface EncodedValue {
  readonly root: readonly [unknown];
  /** In the order in which they are done: what a step needs was made before. */
  readonly steps: readonly Step[];
}

const Kind = { Instance: 0, Map: 1, Set: 2, Made: 3 } as const;

/** Whose places: container and key, one after another. */
type Places = unknown[];

type Step =
  /** A copy becomes an instance, with what its base class does not keep. */
  | readonly [kind: typeof Kind.Instance, object: object, key: string, fields: object | undefined]
  | readonly [kind: typeof Kind.Map, map: Map<unknown, unknown>, entries: readonly unknown[]]
  | readonly [kind: typeof Kind.Set, set: Set<unknown>, members: readonly unknown[]]
  /** An object made of data: by `from` of a sendable class, of an error, or of one of Node's classes. */
  | readonly [
      kind: typeof Kind.Made,
      how: 'error' | 'host' | 'class',
      name: string,
      data: readonly [unknown],
      places: Places,
    ];

/** Why a value could not be encoded or decoded, for `<path> <what>, so it cannot be sent`. */
export class CodecFailure {
  readonly path: string;
  readonly what: string;
  readonly cause: unknown;

  constructor(path: string, what: string, cause?: unknown) {
    this.path = path;
    this.what = what;
    this.cause = cause;
  }
}

interface EncoderOptions {
  /** Encodes an error as plain data. */
  readonly encodeError: (error: object) => unknown;
  readonly transferList: readonly unknown[] | undefined;
  readonly isStrict: boolean | undefined;
  /** Whether there may be views that show less than half of a large buffer. */
  readonly trims: boolean;
}

/** Encodes a value that {@link inspectOutgoing} let pass. */
export class ValueEncoder {
  readonly #options: EncoderOptions;
  readonly #transferred: ReadonlySet<unknown>;
  readonly #steps: Step[] = [];
  readonly #copies = new Map<object, object>();
  readonly #made = new Map<object, Places | 'open'>();
  /** The new memory of each view's buffer, if only a part is sent. */
  readonly #buffers: ReadonlyMap<ArrayBufferLike, Part>;
  /** The keys that lead to the current part, for errors. */
  readonly #trail: (string | number)[] = [];

  constructor(value: unknown, options: EncoderOptions) {
    this.#options = options;
    this.#transferred = new Set(options.transferList);
    this.#buffers = options.trims ? partsOfBuffers(value, this.#transferred) : NO_PARTS;
  }

  /**
   * @param first - What the first number in a path counts from.
   * @throws CodecFailure
   */
  encode(value: unknown, path: string, first = 0): EncodedValue {
    const root: [unknown] = [undefined];
    try {
      this.#put(root, 0, value);
    } catch (error) {
      if (error instanceof Refusal) {
        throw new CodecFailure(path + codeOf(this.#trail, first), error.what, error.cause);
      }
      throw new CodecFailure(path, `cannot be read (${safeInspect(error)})`, error);
    }
    return { root, steps: this.#steps };
  }

  #put(holder: object, key: string | number, value: unknown): void {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw new Refusal(`is a ${typeof value}`);
    }
    if (typeof value !== 'object' || value === null) {
      assign(holder, key, value);
      return;
    }
    const places = this.#made.get(value);
    if (places === 'open') {
      throw new Refusal(
        'is part of what its own class returned from to(), and would be needed to make itself',
      );
    }
    if (places) {
      assign(holder, key, undefined);
      places.push(holder, key);
      return;
    }
    const copy = this.#copies.get(value);
    if (copy) {
      assign(holder, key, copy);
      return;
    }
    this.#putNew(holder, key, value);
  }

  #putNew(holder: object, key: string | number, value: object): void {
    if (this.#transferred.has(value)) {
      assign(holder, key, value);
      return;
    }
    const sendable = sendableOf(value);
    if (sendable && isReplaced(sendable)) {
      throw new Refusal(
        `is an instance of ${sendable.target.name}, whose name another class took that was defined at the same place. ` +
          "Give each a name, @Sendable({ name: '...' })",
      );
    }
    if (isError(value)) {
      this.#make(holder, key, value, 'error', '', () => this.#options.encodeError(value), true);
      return;
    }
    if (sendable && (sendable.to || sendable.from)) {
      this.#make(holder, key, value, 'class', sendable.key, () => this.#dataOf(sendable, value));
      return;
    }
    const host = sendable ? undefined : hostNameOf(value);
    if (host !== undefined) {
      this.#make(holder, key, value, 'host', host, () => encodeHost(host, value));
      return;
    }
    const copy = this.#copy(value);
    assign(holder, key, copy);
    if (sendable) {
      // The structured clone drops the properties of a Map, a Date and the like.
      const fields = isObjectOrArray(copy) ? undefined : this.#copyProperties({}, value);
      this.#steps.push([Kind.Instance, copy, sendable.key, fields]);
    }
  }

  #make(
    holder: object,
    key: string | number,
    value: object,
    how: 'error' | 'host' | 'class',
    name: string,
    read: () => unknown,
    isEncoded = false,
  ): void {
    assign(holder, key, undefined);
    const places: Places = [holder, key];
    const data: [unknown] = [undefined];
    this.#made.set(value, 'open');
    const given = read();
    if (isEncoded) {
      data[0] = given;
    } else {
      this.#put(data, 0, given);
    }
    this.#made.set(value, places);
    this.#steps.push([Kind.Made, how, name, data, places]);
  }

  /** What crosses in place of an instance, checked like any value. */
  #dataOf({ to, from, target }: SendableClass, instance: object): unknown {
    let data: unknown;
    try {
      data = to ? to(instance as never) : { ...instance };
    } catch (thrown) {
      throw new Refusal(`is a ${target.name} whose to() threw ${safeInspect(thrown)}`, thrown);
    }
    const { isStrict } = this.#options;
    const culprit = inspectOutgoing(data, 'data', isStrict)?.culprit;
    if (culprit) {
      throw new Refusal(
        `is a ${target.name} whose to() returned what cannot be sent (${culprit.path} ${culprit.what})`,
        culprit.cause,
      );
    }
    if (!from && (typeof data !== 'object' || data === null)) {
      throw new Refusal(
        `is a ${target.name} whose to() returned ${safeInspect(data)}, which without a from() must be an object of properties`,
      );
    }
    return data;
  }

  #copy(value: object): object {
    if (Array.isArray(value)) {
      const copy: unknown[] = [];
      copy.length = value.length;
      this.#copies.set(value, copy);
      for (const key of Object.keys(value)) {
        const index = Number(key);
        const place = Number.isInteger(index) ? index : key;
        this.#putAt(copy, place, Reflect.get(value, key), place);
      }
      return copy;
    }
    if (types.isMap(value)) {
      return this.#copyMap(value);
    }
    if (types.isSet(value)) {
      return this.#copySet(value);
    }
    if (ArrayBuffer.isView(value)) {
      const copy = this.#partOf(value);
      this.#copies.set(value, copy);
      return copy;
    }
    if (isLeaf(value)) {
      this.#copies.set(value, value);
      return value;
    }
    const copy = {};
    this.#copies.set(value, copy);
    return this.#copyProperties(copy, value);
  }

  #copyProperties<T extends object>(copy: T, value: object): T {
    for (const key of ArrayBuffer.isView(value) ? [] : Object.keys(value)) {
      this.#putAt(copy, key, Reflect.get(value, key), key);
    }
    return copy;
  }

  #putAt(holder: object, key: string | number, value: unknown, step: string | number): void {
    this.#trail.push(step);
    this.#put(holder, key, value);
    this.#trail.pop();
  }

  #copyMap(map: ReadonlyMap<unknown, unknown>): object {
    const copy = new Map<unknown, unknown>();
    this.#copies.set(map, copy);
    const entries: unknown[] = [];
    for (const [key, value] of Map.prototype.entries.call(map) as Iterable<[unknown, unknown]>) {
      this.#put(entries, entries.length, key);
      this.#putAt(
        entries,
        entries.length,
        value,
        typeof key === 'string' ? key : entries.length >> 1,
      );
    }
    this.#steps.push([Kind.Map, copy, entries]);
    return copy;
  }

  #copySet(set: ReadonlySet<unknown>): object {
    const copy = new Set<unknown>();
    this.#copies.set(set, copy);
    const members: unknown[] = [];
    for (const member of Set.prototype.values.call(set) as Iterable<unknown>) {
      this.#putAt(members, members.length, member, members.length);
    }
    this.#steps.push([Kind.Set, copy, members]);
    return copy;
  }

  /** The view, or one of a smaller buffer that has what is seen of it. */
  #partOf(view: ArrayBufferView): ArrayBufferView {
    const part = this.#buffers.get(view.buffer);
    // What to() of a class returns may show another part.
    if (!part || view.byteOffset < part.start || view.byteOffset + view.byteLength > part.end) {
      return view;
    }
    const buffer = (part.copy ??= (view.buffer as ArrayBuffer).slice(part.start, part.end));
    return viewOf(view, buffer, view.byteOffset - part.start);
  }
}

/** The part of a buffer that its views show. */
interface Part {
  start: number;
  end: number;
  copy: ArrayBuffer | undefined;
}

const NO_PARTS: ReadonlyMap<ArrayBufferLike, Part> = new Map();

/** Aligned, since a view of 8-byte numbers must begin at a multiple of 8. */
const ALIGNMENT = 8;

/** A buffer below this is sent whole: to look for less would cost more. */
const SMALL_BUFFER_BYTES = 16_384;

/**
 * The buffers of which less than half is seen by the views in the value, with that part: a clone would copy all
 * of each. Not those that are transferred, shared, resizable, or in the value themselves.
 */
function partsOfBuffers(
  value: unknown,
  transferred: ReadonlySet<unknown>,
): ReadonlyMap<ArrayBufferLike, Part> {
  const parts = new Map<ArrayBufferLike, Part>();
  const whole = new Set<ArrayBufferLike>();
  const seen = new Set<object>();
  const visit = (item: unknown): void => {
    if (typeof item !== 'object' || item === null || seen.has(item) || transferred.has(item)) {
      return;
    }
    seen.add(item);
    if (ArrayBuffer.isView(item)) {
      const { buffer, byteOffset, byteLength } = item;
      const start = byteOffset - (byteOffset % ALIGNMENT);
      const end = byteOffset + byteLength;
      const part = parts.get(buffer);
      parts.set(buffer, {
        start: Math.min(start, part?.start ?? start),
        end: Math.max(end, part?.end ?? end),
        copy: undefined,
      });
    } else if (types.isAnyArrayBuffer(item)) {
      whole.add(item);
    } else if (types.isMap(item)) {
      for (const [key, entry] of Map.prototype.entries.call(item) as Iterable<[unknown, unknown]>) {
        visit(key);
        visit(entry);
      }
    } else if (types.isSet(item)) {
      for (const member of Set.prototype.values.call(item) as Iterable<unknown>) {
        visit(member);
      }
    } else if (!isError(item) && !sendableOf(item)?.to) {
      for (const key of Object.keys(item)) {
        visit(Reflect.get(item, key));
      }
    }
  };
  visit(value);
  for (const [buffer, { start, end }] of parts) {
    const isKept =
      buffer.byteLength < SMALL_BUFFER_BYTES ||
      (end - start) * 2 >= buffer.byteLength ||
      whole.has(buffer) ||
      transferred.has(buffer) ||
      types.isSharedArrayBuffer(buffer) ||
      (buffer as { resizable?: boolean }).resizable === true;
    if (isKept) {
      parts.delete(buffer);
    }
  }
  return parts;
}

function viewOf(view: ArrayBufferView, buffer: ArrayBuffer, offset: number): ArrayBufferView {
  if (view instanceof DataView) {
    return new DataView(buffer, offset, view.byteLength);
  }
  const { length } = view as Uint8Array;
  // The built-in class, since a subclass may have a constructor of its own.
  const name = Reflect.get(view, Symbol.toStringTag) as 'Uint8Array';
  return new globalThis[name](buffer, offset, length);
}

/** The clone keeps it as it is, or it is no container. */
function isLeaf(value: object): boolean {
  if (
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    types.isAnyArrayBuffer(value)
  ) {
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype !== null &&
    prototype !== Object.prototype &&
    Object.keys(value).length === 0 &&
    !sendableOf(value) &&
    clonesAsItself(value)
  );
}

function isObjectOrArray(copy: object): boolean {
  return Array.isArray(copy) || Object.getPrototypeOf(copy) === Object.prototype;
}

/** A plain assignment to `__proto__` would set the prototype. */
function assign(holder: object, key: string | number, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(holder, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  } else {
    (holder as Record<string | number, unknown>)[key] = value;
  }
}

/** Ends the encoding; the trail says where. */
class Refusal {
  readonly what: string;
  readonly cause: unknown;

  constructor(what: string, cause?: unknown) {
    this.what = what;
    this.cause = cause;
  }
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

function codeOf(trail: readonly (string | number)[], first: number): string {
  return trail
    .map((key, depth) => {
      if (typeof key === 'number') {
        return `[${depth === 0 ? key + first : key}]`;
      }
      return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    })
    .join('');
}

/**
 * Restores what a {@link ValueEncoder} encoded. It owns the value that arrived, and changes it.
 *
 * @param path - Begins the path of a failure.
 * @throws CodecFailure if `from` throws, or if this thread does not know a class
 */
export function decodeParts(
  { root, steps }: EncodedValue,
  path: string,
  decodeError: (encoded: unknown) => unknown,
): unknown {
  for (const step of steps) {
    switch (step[0]) {
      case Kind.Instance: {
        const { target } = classOf(step[2], path);
        Object.setPrototypeOf(step[1], target.prototype as object);
        if (step[3]) {
          Object.assign(step[1], step[3]);
        }
        break;
      }
      case Kind.Map:
        for (let i = 0; i < step[2].length; i += 2) {
          // The methods of the base class, because a subclass has become one before its content is there.
          Map.prototype.set.call(step[1], step[2][i], step[2][i + 1]);
        }
        break;
      case Kind.Set:
        for (const member of step[2]) {
          Set.prototype.add.call(step[1], member);
        }
        break;
      case Kind.Made: {
        const [, how, name, [data], places] = step;
        const value = make(how, name, data, path, decodeError);
        for (let i = 0; i < places.length; i += 2) {
          assign(places[i] as object, places[i + 1] as string | number, value);
        }
        break;
      }
    }
  }
  return root[0];
}

function make(
  how: 'error' | 'host' | 'class',
  name: string,
  data: unknown,
  path: string,
  decodeError: (encoded: unknown) => unknown,
): unknown {
  if (how === 'error') {
    return decodeError(data);
  }
  if (how === 'host') {
    return decodeHost(name, data);
  }
  const { target, from } = classOf(name, path);
  if (!from) {
    return Object.assign(Object.create(target.prototype as object) as object, data);
  }
  try {
    return from(data as never);
  } catch (thrown) {
    throw new CodecFailure(
      path,
      `contains a ${target.name} whose from() threw ${safeInspect(thrown)}`,
      thrown,
    );
  }
}

function classOf(key: string, path: string): SendableClass {
  const sendable = sendableByKey(key);
  if (!sendable) {
    throw new CodecFailure(
      path,
      `contains an instance of ${key}, which this side does not know: import the file that registers it at ` +
        'the top level of a file of handlers',
    );
  }
  return sendable;
}
