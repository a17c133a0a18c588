import { ConfigurationError } from '../contract/errors.js';
import type { ModuleRegistration, RootModule } from '../injection/module-registry.js';
import type { ExportedModule, RootSource } from '../protocol/injection-plan.js';
import { urlOf } from './file-url.js';
import type { FileImports } from './file-imports.js';

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
  if (source.kind === 'test') {
    const imports = await Promise.all(source.modules.map((each) => exportedModule(each, files)));
    return { module: AsyncerMpTestModule, imports };
  }
  if (source.kind === 'export') {
    return exportedModule(source, files);
  }
  const { file, name } = source;
  await files.import(file);
  // A main function may await something before it creates the application.
  await guard.untilFirstRoot(BOOTS_WITHIN_MS);
  const root = named(guard.roots, name);
  if (root === undefined) {
    const others = guard.roots.map((each) => nameOf(each)).join(', ');
    throw new ConfigurationError(
      `A worker imported ${urlOf(file)} to find the application's root module ${name}, and the file ` +
        (others === ''
          ? `created no Nest application within ${BOOTS_WITHIN_MS / 1_000} seconds`
          : `created an application of ${others} first`) +
        `. Export ${name} from the file that calls AsyncerMpModule.forRoot(), or pass it with the ` +
        `option root: () => ${name}.`,
    );
  }
  return root as RootModule;
}

/** How long an entry file may take to create the application. */
const BOOTS_WITHIN_MS = 10_000;

/** The root module of a testing module, in a worker. */
class AsyncerMpTestModule {}

async function exportedModule(
  { file, name }: ExportedModule,
  files: FileImports,
): Promise<RootModule> {
  const namespace = (await files.import(file)) as Namespace | undefined;
  const root = namespace?.[name] ?? namespace?.default?.[name] ?? named(files.guard.roots, name);
  return checked(root, `${file} exports as ${name}`);
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
