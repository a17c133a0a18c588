import { isCallableName } from '../protocol/callable-methods.js';
import { threadState } from '../protocol/thread-state.js';
import { tokenText } from './plan-problems.js';

/*
 * Providers that stay in the application: in a worker, a stand-in takes the place of each.
 */

/** Calls methods of the providers that stay in the application. */
export interface CallsApplication {
  /** @param provider - The token as it is written in code. */
  call(provider: string, method: string, args: readonly unknown[]): Promise<unknown>;
  /**
   * The same without waiting for an answer.
   *
   * @throws TaskSerializationError for arguments that cannot be cloned
   */
  notify(provider: string, method: string, args: readonly unknown[]): void;
}

const known = threadState('main-stand-ins:1', () => new WeakSet());

/** Whether the value stands for a provider that stays in the application. */
export function isStandIn(value: unknown): boolean {
  return typeof value === 'object' && value !== null && known.has(value);
}

/**
 * The stand-ins of a worker: one for each of these tokens, made when it is first asked for.
 *
 * @param main - The tokens as they are written in code. The application has checked that each names one.
 */
export function standInsFor(
  main: readonly string[],
  application: CallsApplication,
): (token: unknown) => object | undefined {
  const names = new Set(main);
  const made = new Map<unknown, object>();
  return (token) => {
    const name = names.size === 0 ? '' : tokenText(token);
    if (!names.has(name)) {
      return undefined;
    }
    let standIn = made.get(token);
    if (standIn === undefined) {
      standIn = isEmitterClass(token)
        ? emitterStandIn(name, application)
        : methodsStandIn(name, {}, application);
      known.add(standIn);
      made.set(token, standIn);
    }
    return standIn;
  };
}

/**
 * Whether the token is the class `EventEmitter2`. Recognised by its methods, because its package calls it
 * `EventEmitter`, as other packages do theirs.
 */
export function isEmitterClass(token: unknown): token is Function {
  const prototype: unknown = typeof token === 'function' ? token.prototype : undefined;
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    // Only EventEmitter2 has listenersAny().
    ['listeners', 'hasListeners', 'listenersAny'].every((method) => method in prototype)
  );
}

/**
 * An object whose every method calls the method of that name in the application. It is no promise, has no
 * lifecycle hooks and no symbols, so `await`, Nest and `inspect` find a plain object.
 *
 * @param own - Members that the stand-in has itself.
 */
function methodsStandIn(
  name: string,
  own: Readonly<Record<string, unknown>>,
  application: CallsApplication,
): object {
  const methods = new Map<string, unknown>(Object.entries(own));
  const target: object = Object.defineProperty({}, Symbol.toStringTag, { value: `Remote ${name}` });
  return new Proxy(target, {
    get(_target, property) {
      if (typeof property === 'symbol' || !(methods.has(property) || isCallableName(property))) {
        return Reflect.get(target, property);
      }
      let method = methods.get(property);
      if (method === undefined) {
        method = (...args: unknown[]) => application.call(name, property, args);
        methods.set(property, method);
      }
      return method;
    },
    set(_target, property) {
      throw new TypeError(
        `${name}.${String(property)} cannot be set here: ${name} stays in the application, and a worker can ` +
          'only call its methods.',
      );
    },
  });
}

/** What adds and removes listeners of an EventEmitter2. */
const LISTENER_METHODS =
  'on once many onAny addListener prependListener prependOnceListener prependMany prependAny off offAny ' +
  'removeListener removeAllListeners setMaxListeners';

/**
 * `emit()` returns at once, as its callers expect, and nothing waits for the listeners. What adds or removes
 * listeners does nothing: a class that listens has done so in the application.
 */
function emitterStandIn(name: string, application: CallsApplication): object {
  const emit = (...args: unknown[]): boolean => {
    application.notify(name, 'emit', args);
    return true;
  };
  const ignored = (): object => standIn;
  const listening = Object.fromEntries(
    LISTENER_METHODS.split(' ').map((method) => [method, ignored]),
  );
  const standIn = methodsStandIn(name, { ...listening, emit }, application);
  return standIn;
}
