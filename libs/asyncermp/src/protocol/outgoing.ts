import type { ErrorSubject } from '../contract/errors.js';
import { decodeNestedError, encodeNestedErrors } from './error-codec.js';
import type { LostClass } from './lost-classes.js';
import { inspectOutgoing, serializationError } from './uncloneable.js';
import { CodecFailure, ValueEncoder, decodeParts, type EncodedValue } from './value-codec.js';

/** What is sent about a value besides the value, or in its place. Most values need none. */
export interface Crossing {
  /** Sent in place of the value. */
  readonly encoded: EncodedValue | undefined;
  /** A class that it loses, for a warning in the application. */
  readonly lost: LostClass | undefined;
}

/**
 * Checks a value that is about to be sent, and encodes it if the structured clone would not keep all of it.
 * Undefined if it can be sent as it is.
 *
 * @param isStrict - Whether an instance of a class that is not sendable is refused. Undefined if its loss is not even
 * noted.
 * @throws TaskSerializationError
 */
export function prepareOutgoing(
  value: unknown,
  path: string,
  isStrict: boolean | undefined,
  subject: ErrorSubject,
  transferList?: readonly unknown[],
): Crossing | undefined {
  const inspection = inspectOutgoing(value, path, isStrict, transferList);
  if (!inspection) {
    return undefined;
  }
  const { culprit, needsEncoding, trims, lost } = inspection;
  if (culprit) {
    throw serializationError(culprit, subject);
  }
  if (!needsEncoding) {
    return { encoded: undefined, lost };
  }
  return { encoded: encode(value, path, isStrict, subject, transferList, trims, 0), lost };
}

/**
 * Encodes a value that was inspected: {@link inspectOutgoing} let it pass.
 *
 * @param first - What the first number in a path counts from.
 * @throws TaskSerializationError
 */
export function encodeValue(
  value: unknown,
  path: string,
  isStrict: boolean,
  subject: ErrorSubject,
  transferList: readonly unknown[] | undefined,
  first = 0,
): EncodedValue {
  return encode(value, path, isStrict, subject, transferList, true, first);
}

function encode(
  value: unknown,
  path: string,
  isStrict: boolean | undefined,
  subject: ErrorSubject,
  transferList: readonly unknown[] | undefined,
  trims: boolean,
  first: number,
): EncodedValue {
  const encodeError = encodeNestedErrors();
  const encoder = new ValueEncoder(value, { encodeError, transferList, isStrict, trims });
  try {
    return encoder.encode(value, path, first);
  } catch (failure) {
    throw asSerializationError(failure, subject);
  }
}

/**
 * The value that arrived in encoded form.
 *
 * @throws TaskSerializationError if `from` of a class throws, or if this thread does not know the class
 */
export function decodeIncoming(
  encoded: EncodedValue,
  path: string,
  subject: ErrorSubject,
): unknown {
  try {
    return decodeParts(encoded, path, decodeNestedError());
  } catch (failure) {
    throw asSerializationError(failure, subject);
  }
}

function asSerializationError(failure: unknown, subject: ErrorSubject): unknown {
  return failure instanceof CodecFailure ? serializationError(failure, subject) : failure;
}
