import { TaskSerializationError, type ErrorSubject } from '../tasks/errors.js';
import { findUncloneable, type Uncloneable } from './uncloneable.js';

/** The error about a value that was found not to be cloneable. */
export function serializationError(
  { path, what, cause }: Uncloneable,
  subject: ErrorSubject,
): TaskSerializationError {
  return new TaskSerializationError(
    path,
    what,
    subject,
    cause === undefined ? undefined : { cause },
  );
}

/** The error about a value that could not be cloned when that was tried, with what was thrown then. */
export function failedToClone(
  value: unknown,
  path: string,
  transferList: readonly unknown[] | undefined,
  thrown: unknown,
  subject: ErrorSubject,
): TaskSerializationError {
  const found = findUncloneable(value, path, transferList);
  const what = found?.what ?? `cannot be cloned (${String(thrown)})`;
  return serializationError({ path: found?.path ?? path, what, cause: thrown }, subject);
}
