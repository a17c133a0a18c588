import { classNamed, classOf } from './error-classes.js';
import type { EncodedError, EncodedInstance, EncodedList } from './encoded-error.js';
import { ErrorEncoder, standIn } from './error-encoder.js';
import { safeInspect } from '../tasks/safe-inspect.js';

export type { EncodedError } from './encoded-error.js';

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
