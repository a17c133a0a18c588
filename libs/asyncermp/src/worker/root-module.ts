import cluster from 'node:cluster';
import { EventEmitter } from 'node:events';
import { Server } from 'node:net';
import { ConfigurationError } from '../contract/errors.js';
import type { ModuleRegistration, RootModule } from '../injection/module-registry.js';
import type { RootSource } from '../protocol/injection-plan.js';
import { threadState } from '../protocol/thread-state.js';
import { urlOf } from './file-url.js';
import type { FileImports } from './file-imports.js';
import type { NestFactoryGuard } from './nest-factory.guard.js';

/**
 * Finds the root module of the application in this thread.
 *
 * @param registration - The call of `forRoot()`, if the plan names one.
 * @throws ConfigurationError if the file does not give it here, and what its import throws
 */
export async function rootModule(
  source: RootSource,
  registration: ModuleRegistration | undefined,
  files: FileImports,
): Promise<RootModule> {
  const { guard } = files;
  if (source.kind === 'option') {
    const root = await registration?.options.root?.();
    return checked(root, 'the option root of AsyncerMpModule.forRoot() returned');
  }
  const { file, name } = source;
  if (source.kind === 'export') {
    const namespace = (await files.import(file)) as Namespace | undefined;
    const root = namespace?.[name] ?? namespace?.default?.[name] ?? named(guard.roots, name);
    return checked(root, `${file} exports as ${name}`);
  }
  quietEntry(guard);
  await files.import(file);
  const root = named(guard.roots, name);
  if (root === undefined) {
    const others = guard.roots.map((each) => nameOf(each)).join(', ');
    throw new ConfigurationError(
      `A worker imported ${urlOf(file)} to find the application's root module ${name}, and the file ` +
        (others === ''
          ? 'created no Nest application'
          : `created an application of ${others} first`) +
        `. Export ${name} from the file that calls AsyncerMpModule.forRoot(), or pass it with the ` +
        `option root: () => ${name}.`,
    );
  }
  return root as RootModule;
}

type Namespace = Record<string, unknown> & { readonly default?: Record<string, unknown> };

function named(roots: readonly unknown[], name: string): unknown {
  return roots.find((root) => nameOf(root) === name);
}

function nameOf(root: unknown): string {
  if (typeof root === 'function') {
    return root.name;
  }
  const module: unknown = typeof root === 'object' && root !== null && Reflect.get(root, 'module');
  return typeof module === 'function' ? module.name : 'AppModule';
}

function checked(root: unknown, origin: string): RootModule {
  const isModule =
    typeof root === 'function' || (typeof root === 'object' && root !== null && 'module' in root);
  if (!isModule) {
    throw new ConfigurationError(
      `A worker needs the application's root module, and what ${origin} is no module.`,
    );
  }
  return root as RootModule;
}

const quieted = threadState('quiet-entry:1', (): { guard?: NestFactoryGuard } => ({}));

/**
 * An entry file may open a port or fork a cluster before it creates the application, or beside it. In a
 * worker, code that its import runs does neither.
 */
function quietEntry(guard: NestFactoryGuard): void {
  const isFirst = quieted.guard === undefined;
  quieted.guard = guard;
  if (!isFirst) {
    return;
  }
  const isEntryCode = (): boolean => quieted.guard?.isImporting === true;
  // eslint-disable-next-line typescript/unbound-method -- called on each server
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    return isEntryCode() ? this : (Reflect.apply(listen, this, args) as Server);
  } as typeof listen;
  const fork = cluster.fork.bind(cluster);
  cluster.fork = (env) =>
    isEntryCode() ? (new EventEmitter() as ReturnType<typeof fork>) : fork(env);
}
