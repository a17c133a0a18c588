import { ConfigurationError } from '../contract/errors.js';
import { checkOptions, rules } from '../contract/check-options.js';
import { definingFile, definingPlace } from '../injection/call-site.js';
import { registerSendable } from '../protocol/sendable-classes.js';

/** How instances of a class cross. `T` is the class, `D` what crosses in place of an instance. */
export interface SendableOptions<T extends object, D = unknown> {
  /** Identifies the class in all threads. Default: the class's name and its file. */
  readonly name?: string;
  /**
   * Returns what crosses in place of an instance, of anything that can be sent. Default: the own enumerable
   * properties. Not called for the parts of what it returns, which cross by their own rules.
   */
  readonly to?: (instance: T) => D;
  /**
   * Makes an instance of what `to` returned. Default: an instance that has its properties, made without the
   * constructor.
   */
  readonly from?: (data: D) => T;
}

/** A class, abstract or not. */
export type ClassOf<T extends object> = abstract new (...args: never[]) => T;

/**
 * Lets instances of a class cross between the application and workers as what they are: in arguments,
 * results, progress and errors, however deep. They arrive as instances of the same class, with their own
 * enumerable properties, so methods, getters and what decorators say of the class (`@Exclude()`) work.
 *
 * `to` and `from` are for what properties do not hold: `#private` fields, functions, a constructor that must
 * run. On a class of errors, `instanceof` works where the error is caught. A subclass needs the decorator, too. Write it first,
 * above the other decorators of the class.
 *
 * @throws ConfigurationError for an unknown option, and if two classes have one name
 *
 * @example
 * ```ts
 * @Sendable()
 * export class User {
 *   id = 1;
 *   @Exclude() password = '';
 * }
 *
 * @Sendable({ to: (money: Money) => money.toJSON(), from: (cents) => new Money(cents) })
 * export class Money {
 *   readonly #cents: number;
 *   constructor(cents: number) { this.#cents = cents; }
 *   toJSON(): number { return this.#cents; }
 * }
 * ```
 */
export function Sendable<T extends object, D>(
  options: SendableOptions<T, D> = {},
): (target: ClassOf<T>) => void {
  return (target) => register('@Sendable()', target, options, definingFile(), definingPlace());
}

/**
 * The same as {@link Sendable} for a class that cannot be decorated, such as one of a library. Call it at the top
 * level of a file that exists in the application; workers import that file as well.
 *
 * @throws ConfigurationError for an unknown option, and if two classes have one name
 *
 * @example
 * ```ts
 * sendable(Big, { to: (big) => big.toString(), from: (text) => new Big(text) });
 * ```
 */
export function sendable<T extends object, D>(
  target: ClassOf<T>,
  options: SendableOptions<T, D> = {},
): void {
  register('sendable()', target, options, definingFile(), definingPlace());
}

function register<T extends object, D>(
  what: string,
  target: ClassOf<T>,
  options: SendableOptions<T, D>,
  file: string | undefined,
  place: string,
): void {
  if (typeof target !== 'function' || typeof target.prototype !== 'object') {
    throw new ConfigurationError(`${what} takes a class, and got ${typeof target}`);
  }
  checkOptions(
    options,
    { name: rules.text, to: rules.function, from: rules.function },
    `${what} of ${target.name}`,
  );
  const { name, to, from } = options;
  if (name === undefined && target.name === '') {
    throw new ConfigurationError(
      `${what} is on a class without a name, by which both sides would know it. Give it one: { name: '...' }.`,
    );
  }
  registerSendable({
    key: name ?? `${target.name} (${file ?? '?'})`,
    target,
    file,
    to,
    from,
    place,
  });
}
