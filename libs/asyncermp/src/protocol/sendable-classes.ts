import { ConfigurationError } from '../contract/errors.js';
import { threadState } from './thread-state.js';

/** A class whose instances keep it when they cross. */
export interface SendableClass {
  /** The same in every thread: the given name, or the class's name and its file. */
  readonly key: string;
  readonly target: Function;
  /** The file that registers the class: a path or a `file:` URL. Undefined for evaluated code. */
  readonly file: string | undefined;
  /** Returns what crosses in place of an instance. Default: its own enumerable properties. */
  readonly to: ((instance: never) => unknown) | undefined;
  /** Makes the instance of what arrives. Default: an instance with these properties, made without its constructor. */
  readonly from: ((data: never) => unknown) | undefined;
  /** Where it was registered. The same place again is a file that was loaded again. */
  readonly place: string;
}

const registry = threadState('sendable-classes:1', () => ({
  byKey: new Map<string, SendableClass>(),
  byPrototype: new WeakMap<object, SendableClass>(),
}));

/** @throws ConfigurationError if another class has the same key */
export function registerSendable(added: SendableClass): void {
  const known = registry.byKey.get(added.key);
  if (known && known.target !== added.target && known.place !== added.place) {
    throw new ConfigurationError(
      `Two sendable classes have the name ${added.key}: ${known.target.name} at ${known.place} and ` +
        `${added.target.name} at ${added.place}. Give one of them another name: ` +
        "@Sendable({ name: '...' }).",
    );
  }
  registry.byKey.set(added.key, added);
  registry.byPrototype.set(added.target.prototype as object, added);
}

/** The registration of the value's own class, not of a parent: a parent's would lose the subclass. */
export function sendableOf(value: object): SendableClass | undefined {
  if (registry.byKey.size === 0) {
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null ? undefined : registry.byPrototype.get(prototype);
}

/** The class that this thread knows under the key. */
export function sendableByKey(key: string): SendableClass | undefined {
  return registry.byKey.get(key);
}

/** Whether a later class took its key, so that its instances would arrive as instances of that. */
export function isReplaced(sendable: SendableClass): boolean {
  return registry.byKey.get(sendable.key) !== sendable;
}

/** The files whose import registers the sendable classes of this thread. */
export function filesOfSendables(): string[] {
  return [...registry.byKey.values()].flatMap(({ file }) => file ?? []);
}
