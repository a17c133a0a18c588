import type { Abstract, Type } from '@nestjs/common';

/** A class with handlers. */
export type HandlerClass<T> = Type<T> | Abstract<T>;

/** The names of the methods of `T` that can be handlers: public methods that return a promise. */
export type HandlerMethod<T> = {
  [K in keyof T]-?: T[K] extends (...args: never[]) => Promise<unknown> ? K : never;
}[keyof T] &
  string;

/** The arguments of a handler, as a tuple. */
export type HandlerArgs<T, K extends keyof T> = T[K] extends (...args: infer A) => unknown
  ? A
  : never;

/** What a handler's promise resolves with. */
export type HandlerResult<T, K extends keyof T> = T[K] extends (
  ...args: never[]
) => Promise<infer R>
  ? R
  : never;
