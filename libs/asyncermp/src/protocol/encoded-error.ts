/**
 * What was thrown, in a form that always survives the structured clone. Nobody looks into it but
 * `encodeError` and `decodeError`.
 */
export type EncodedError = EncodedValue | EncodedInstance;

/** Something cloneable that is no error. */
export interface EncodedValue {
  readonly kind: 'value';
  readonly value: unknown;
}

/** An error, taken apart. Errors that point at each other stay a graph, which the clone keeps. */
export interface EncodedInstance {
  readonly kind: 'error';
  /** The name of its own class, known or not. */
  readonly className: string;
  /** Ids of the known classes it is an instance of, nearest first. */
  readonly classes: readonly string[];
  readonly message: string;
  readonly stack: string | undefined;
  readonly properties: EncodedProperty[];
}

/** An array with errors in it: `AggregateError.errors`. */
export interface EncodedList {
  readonly kind: 'list';
  readonly items: EncodedError[];
}

export type EncodedProperty = [key: string, value: EncodedError | EncodedList, enumerable: boolean];
