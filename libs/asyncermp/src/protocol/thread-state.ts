/**
 * State that exists once per thread, however many copies of this library are loaded in it: an application
 * may be bundled together with the library, while the worker's entry file loads the copy on disk.
 *
 * @param name - The name of the state and the version of its shape: `handlers:1`.
 */
export function threadState<T extends object>(name: string, create: () => T): T {
  const holder = globalThis as unknown as Record<symbol, T | undefined>;
  return (holder[Symbol.for(`nestjs-asyncermp:${name}`)] ??= create());
}
