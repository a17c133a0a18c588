/*
 * Objects of Node's own classes that the structured clone of Node 20 empties, and that arrive whole all the same.
 */

/** How one class crosses. `to` returns something cloneable. */
interface HostCodec {
  /** The class itself. A getter, because a look at some of the globals loads `fetch` and all that comes with it. */
  readonly target: Function;
  readonly to: (value: never) => unknown;
  readonly from: (data: never) => object;
}

const codecs = {
  URL: {
    get target() {
      return URL;
    },
    to: (url: URL) => url.href,
    from: (href: string) => new URL(href),
  },
  URLSearchParams: {
    get target() {
      return URLSearchParams;
    },
    to: (parameters: URLSearchParams) => [...parameters],
    from: (entries: [string, string][]) => new URLSearchParams(entries),
  },
  Headers: {
    get target() {
      return Headers;
    },
    // As entries, since several `set-cookie` must stay several.
    to: (headers: Headers) => [...headers],
    from: (entries: [string, string][]) => new Headers(entries),
  },
  File: {
    get target() {
      return File;
    },
    to: (file: File) => [file.slice(0, file.size, file.type), file.name, file.lastModified],
    from: ([blob, name, lastModified]: [Blob, string, number]) =>
      new File([blob], name, { type: blob.type, lastModified }),
  },
  Buffer: {
    get target() {
      return Buffer;
    },
    to: (buffer: Buffer) => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length),
    from: ({ buffer, byteOffset, length }: Uint8Array) => Buffer.from(buffer, byteOffset, length),
  },
} satisfies Record<HostName, HostCodec>;

/** The names of the codecs. */
export type HostName = 'Buffer' | 'File' | 'Headers' | 'URL' | 'URLSearchParams';

/** The codec of each prototype that was asked for. */
const known = new WeakMap<object, HostName | false>();

/** The name of the codec for an object; undefined if it has none. Not for subclasses, whose own part it would lose. */
export function hostNameOf(value: object): HostName | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) {
    return undefined;
  }
  let name = known.get(prototype);
  if (name === undefined) {
    name = nameOf(prototype) ?? false;
    known.set(prototype, name);
  }
  return name || undefined;
}

function nameOf(prototype: object): HostName | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function' || !Object.hasOwn(codecs, constructor.name)) {
    return undefined;
  }
  const name = constructor.name as HostName;
  return codecs[name].target === constructor ? name : undefined;
}

export function encodeHost(name: HostName, value: object): unknown {
  return codecs[name].to(value as never);
}

export function decodeHost(name: string, data: unknown): object {
  return codecs[name as HostName].from(data as never);
}

const builtIns = new WeakMap<object, string | false>();

/** The global class of Node that an object is an instance of, as a name; undefined if there is none. */
export function builtInClassOf(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) {
    return undefined;
  }
  const cached = builtIns.get(prototype);
  if (cached !== undefined) {
    return cached || undefined;
  }
  const found = findBuiltIn(prototype);
  builtIns.set(prototype, found ?? false);
  return found;
}

function findBuiltIn(own: object): string | undefined {
  let prototype: object | null = own;
  while (prototype !== null && prototype !== Object.prototype) {
    const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof constructor === 'function' && constructor.name !== 'Object') {
      // What an application adds to the global object by assignment is enumerable, and Node's classes are not.
      const found = Object.getOwnPropertyDescriptor(globalThis, constructor.name);
      if (found && !found.enumerable && Reflect.get(globalThis, constructor.name) === constructor) {
        return constructor.name;
      }
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}
