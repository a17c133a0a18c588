import { inspect, types } from 'node:util';

/** An object of a million keys would otherwise become a message of many megabytes. */
const MAX_LENGTH = 10_000;

/** `util.inspect`, which runs code of the value (getters, custom inspection), made unable to throw. */
export function safeInspect(value: unknown): string {
  try {
    const text = inspect(value);
    return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
  } catch {
    return `a value of type ${typeof value} that cannot be inspected`;
  }
}

/** `TypeError: text` for an error, and what {@link safeInspect} says of anything else. */
export function headline(thrown: unknown): string {
  if (!types.isNativeError(thrown)) {
    return safeInspect(thrown);
  }
  try {
    return `${thrown.name}: ${thrown.message}`;
  } catch {
    return safeInspect(thrown);
  }
}
