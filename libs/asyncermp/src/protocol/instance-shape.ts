/** What a worker says of one provider's instance, for the comparison with the application's. */
export interface InstanceShape {
  /** The token, as {@link tokenText} writes it. */
  readonly token: string;
  /** The name of the module that provides it; undefined where the worker has no modules of the application. */
  readonly module: string | undefined;
  /** The name of the instance's class. */
  readonly className: string;
  /** Its own fields that hold nothing: undefined, null, or a collection without elements. */
  readonly emptyFields: readonly string[];
}

/** The names of an object's own fields that hold nothing. */
export function emptyFieldsOf(instance: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(instance))
    .filter(([, descriptor]) => 'value' in descriptor && isEmpty(descriptor.value))
    .map(([name]) => name);
}

/** Whether a value is undefined, null, or a collection without elements. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) {
    return true;
  }
  if (value instanceof Map || value instanceof Set) {
    return value.size === 0;
  }
  if (Array.isArray(value)) {
    return value.length === 0;
  }
  return isPlain(value) && Object.keys(value).length === 0;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
