import { inspect, types } from 'node:util';

/** In characters. Without a limit, an object of a million keys makes a message of many megabytes. */
const MAX_LENGTH = 10_000;

/** `util.inspect` that never throws. It runs code of the value (getters, custom inspection), which may. */
export function safeInspect(value: unknown): string {
  try {
    const text = inspect(value);
    return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}...` : text;
  } catch {
    return `a value of type ${typeof value} that cannot be inspected`;
  }
}

/** `String(value)`, or its {@link safeInspect} where that throws: `Object.create(null)` has no text. */
export function safeText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return safeInspect(value);
  }
}

/** The stack of an error; undefined if it has none, or reading it throws. */
export function stackOf(thrown: unknown): string | undefined {
  try {
    const stack: unknown = thrown instanceof Error ? thrown.stack : undefined;
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined;
  }
}

/** `TypeError: message` for an error; {@link safeInspect} of any other value. */
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
