/** Nest calls these by itself, on both sides, for the instances that live there. */
const LIFECYCLE_HOOKS: ReadonlySet<string> = new Set([
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * Whether a worker may call a method of this name on a provider that stays in the application: not what every
 * object has (`constructor`, `toString`), not Nest's lifecycle hooks, not what a leading underscore marks as
 * private, and not `then` and `toJSON`, by which the language would take the provider for something else.
 *
 * Both sides ask: a stand-in has no such property, and the application refuses a forged call.
 */
export function isCallableName(name: string): boolean {
  return (
    !name.startsWith('_') &&
    !LIFECYCLE_HOOKS.has(name) &&
    name !== 'then' &&
    name !== 'toJSON' &&
    !(name in Object.prototype)
  );
}
