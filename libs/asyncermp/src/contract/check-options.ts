import { inspect } from 'node:util';
import { ConfigurationError, type ErrorSubject } from './errors.js';
import { nearestNames } from './nearest-names.js';

/** The values that an option accepts. */
export interface OptionRule {
  /** The accepted values in words, for the error: `a whole number from 1`. */
  readonly expected: string;
  readonly test: (value: unknown) => boolean;
}

/** One rule for each option of `T`. A missing rule is a compile error. */
export type OptionRules<T> = { readonly [K in keyof Required<T>]: OptionRule };

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Rules that several options share. */
export const rules = {
  wholeFrom: (least: number): OptionRule => ({
    expected: `a whole number from ${least}`,
    test: (value) => Number.isSafeInteger(value) && isNumber(value) && value >= least,
  }),
  wholeFromOrInfinity: (least: number): OptionRule => ({
    expected: `a whole number from ${least}, or Infinity`,
    test: (value) =>
      isNumber(value) && value >= least && (Number.isSafeInteger(value) || value === Infinity),
  }),
  /** A time limit. 0 is refused, because such a limit would always have passed already. */
  milliseconds: {
    expected: 'a number of milliseconds above 0, or Infinity',
    test: (value) => isNumber(value) && value > 0,
  },
  millisecondsFrom0: {
    expected: 'a number of milliseconds from 0, or Infinity',
    test: (value) => isNumber(value) && value >= 0,
  },
  finite: { expected: 'a finite number', test: Number.isFinite },
  boolean: { expected: 'true or false', test: (value) => typeof value === 'boolean' },
  text: {
    expected: 'a non-empty string',
    test: (value) => typeof value === 'string' && value.length > 0,
  },
  function: { expected: 'a function', test: (value) => typeof value === 'function' },
  array: { expected: 'an array', test: Array.isArray },
  strings: {
    expected: 'an array of strings',
    test: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  },
  object: {
    expected: 'an object',
    test: (value) => typeof value === 'object' && value !== null,
  },
  oneOf: (...values: readonly string[]): OptionRule => ({
    expected: values.map((value) => `'${value}'`).join(' or '),
    test: (value) => typeof value === 'string' && values.includes(value),
  }),
} satisfies Record<string, OptionRule | ((...args: never[]) => OptionRule)>;

/**
 * Checks options against their rules. An option that is undefined counts as left out.
 *
 * @param given - The options.
 * @param optionRules - The rule of each option; any other key is an error.
 * @param where - Begins the message: `@CpuTask() on ThumbnailService.thumbnail`.
 * @param subject - The task or handler that the options belong to.
 * @throws ConfigurationError that names the option, the value it got and what it takes
 */
export function checkOptions<T extends object>(
  given: T,
  optionRules: OptionRules<T>,
  where: string,
  subject: ErrorSubject = {},
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError(
      `${where} takes an object of options, and got ${inspect(given)}`,
      subject,
    );
  }
  const byName = optionRules as Readonly<Record<string, OptionRule>>;
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(byName, name) ? byName[name] : undefined;
    if (rule === undefined) {
      const [nearest] = nearestNames(name, Object.keys(byName));
      throw new ConfigurationError(
        `${where} has no option ${name}.${nearest ? ` Did you mean ${nearest}?` : ` It takes ${Object.keys(byName).join(', ')}.`}`,
        subject,
      );
    }
    if (value !== undefined && !rule.test(value)) {
      throw new ConfigurationError(
        `${where}: ${name} takes ${rule.expected}, and got ${inspect(value, { depth: 0 })}`,
        subject,
      );
    }
  }
}
