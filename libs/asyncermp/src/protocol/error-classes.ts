import * as nest from '@nestjs/common';
import * as ownErrors from '../contract/errors.js';

/** A class of errors, as far as reviving one needs it: its constructor is never run. */
export interface ErrorClass {
  readonly name: string;
  readonly prototype: Error;
}

const BUILT_IN = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
  DOMException,
} satisfies Record<string, ErrorClass>;

/** Longer chains of classes than this are somebody's joke. */
const MAX_CHAIN = 32;

/** The classes that are known on both sides, by an id that means the same on both. */
interface KnownClasses {
  readonly byId: ReadonlyMap<string, ErrorClass>;
  readonly idOf: ReadonlyMap<unknown, string>;
}

let cached: KnownClasses | undefined;

// Lazily, since most workers never see an error.
function knownClasses(): KnownClasses {
  if (!cached) {
    const byId = new Map<string, ErrorClass>(Object.entries(BUILT_IN));
    addErrorClasses(byId, 'nest', nest);
    addErrorClasses(byId, 'asyncermp', ownErrors);
    cached = { byId, idOf: new Map([...byId].map(([id, errorClass]) => [errorClass, id])) };
  }
  return cached;
}

/** By the exported name, which stays where a bundler renames the class. */
function addErrorClasses(byId: Map<string, ErrorClass>, family: string, exported: object): void {
  for (const [name, value] of Object.entries(exported) as [string, unknown][]) {
    if (typeof value === 'function' && value.prototype instanceof Error) {
      byId.set(`${family}:${name}`, value);
    }
  }
}

/** The ids of the known classes that an error is an instance of, nearest first. */
export function classIdsOf(error: object): string[] {
  const ids: string[] = [];
  let prototype: unknown = Object.getPrototypeOf(error);
  for (let i = 0; i < MAX_CHAIN && typeof prototype === 'object' && prototype !== null; i++) {
    const id = idOf((prototype as { constructor?: unknown }).constructor, error);
    if (id !== undefined && !ids.includes(id)) {
      ids.push(id);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return looksLikeHttpException(error) && !ids.some((id) => id.startsWith('nest:'))
    ? ['nest:HttpException', ...ids]
    : ids;
}

function idOf(constructor: unknown, error: object): string | undefined {
  const { byId, idOf: ids } = knownClasses();
  const id = ids.get(constructor);
  if (id !== undefined || typeof constructor !== 'function') {
    return id;
  }
  // Of another realm, or of another copy of the package in a bundle: the name must do.
  return [
    constructor.name in BUILT_IN ? constructor.name : undefined,
    looksLikeHttpException(error) ? `nest:${constructor.name}` : undefined,
    looksLikeOurs(error) ? `asyncermp:${constructor.name}` : undefined,
  ].find((candidate) => candidate !== undefined && byId.has(candidate));
}

/** The nearest known class; Error for none. */
export function classOf(ids: readonly string[]): ErrorClass {
  const { byId } = knownClasses();
  for (const id of ids) {
    const errorClass = byId.get(id);
    if (errorClass) {
      return errorClass;
    }
  }
  return Error;
}

const standIns = new Map<string, ErrorClass>();
/** Somebody who makes classes while the program runs shall not fill the memory with them. */
const MAX_STAND_INS = 1_000;

/**
 * A class of that name that extends a known one, for an error whose own class is not known here: so
 * that `error.constructor.name`, and with it what `inspect` and loggers print, is as it was.
 */
export function classNamed(name: string, known: ErrorClass): ErrorClass {
  if (name === '' || name === known.name) {
    return known;
  }
  const key = `${name} extends ${known.name}`;
  const standIn = standIns.get(key) ?? makeClass(name, known);
  if (standIns.size < MAX_STAND_INS) {
    standIns.set(key, standIn);
  }
  return standIn;
}

function makeClass(name: string, known: ErrorClass): ErrorClass {
  class StandIn extends (known as ErrorConstructor) {}
  return Object.defineProperty(StandIn, 'name', { value: name });
}

function looksLikeHttpException(error: object): boolean {
  const { status, getStatus, getResponse } = error as Record<string, unknown>;
  return (
    typeof status === 'number' &&
    'response' in error &&
    typeof getStatus === 'function' &&
    typeof getResponse === 'function'
  );
}

function looksLikeOurs(error: object): boolean {
  const { code } = error as { code?: unknown };
  return (Object.values(ownErrors.ErrorCode) as unknown[]).includes(code);
}
