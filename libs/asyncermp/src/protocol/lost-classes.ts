/*
 * Instances whose class the structured clone drops, and whose class is not sendable.
 */

/** A class that was lost for the first time, for a warning. */
export interface LostClass {
  readonly name: string;
  /** The path to the first instance. */
  readonly path: string;
  /** Its methods and its getters, as names. */
  readonly methods: readonly string[];
  readonly getters: readonly string[];
}

/** Prototypes that this thread has reported. */
const reported = new WeakSet<object>();

/** Whether the class is to be reported now: once per class, outside production. */
export function isFirstLoss(prototype: object): boolean {
  if (reported.has(prototype)) {
    return false;
  }
  reported.add(prototype);
  // Read here, once per class: access to process.env costs a microsecond.
  return process.env['NODE_ENV'] !== 'production';
}

export function lostClass(prototype: object, path: string): LostClass {
  const methods: string[] = [];
  const getters: string[] = [];
  for (
    let holder: object | null = prototype;
    holder !== null && Object.getPrototypeOf(holder) !== null;
    holder = Object.getPrototypeOf(holder) as object | null
  ) {
    for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (descriptor.get) {
        getters.push(key);
      } else if (typeof descriptor.value === 'function' && key !== 'constructor') {
        methods.push(key);
      }
    }
  }
  return { name: classNameOf(prototype), path, methods, getters };
}

export function classNameOf(prototype: object): string {
  try {
    const { name } = prototype.constructor as { name?: unknown };
    return typeof name === 'string' && name !== '' ? name : 'a class without a name';
  } catch {
    return 'a class without a name';
  }
}

/** Whether objects with this prototype are plain ones, of this realm or another. */
export function isPlainPrototype(prototype: object | null): boolean {
  return (
    prototype === null ||
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf'))
  );
}

/** The most names that a warning lists. */
const MOST_NAMES = 5;

/** The warning about it. */
export function lostClassText(
  { name, path, methods, getters }: LostClass,
  handler: string,
): string {
  const parts = [
    methods.length > 0 ? `its methods (${list(methods)})` : undefined,
    getters.length > 0 ? `its getters (${list(getters)})` : undefined,
    'its #private fields, instanceof, and what decorators say of it, such as @Exclude()',
  ].filter((part) => part !== undefined);
  return (
    `${path} of ${handler} is an instance of ${name} and arrives as a plain object. Lost are ${parts.join(', ')}. ` +
    `Put @Sendable() on the class, call sendable(${name}, { to, from }) for a class of a library, or pass a plain ` +
    'object. strictClasses: true refuses such instances. (Shown once per class, and not in production.)'
  );
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ');
  return names.length > MOST_NAMES ? `${shown}, …` : shown;
}
