/** How a worker builds the handlers' providers. The application decides, and the worker follows. */
export interface InjectionPlan {
  /** The call of `forRoot()` whose functions the worker needs; undefined if it needs none. */
  readonly registration: RegistrationSource | undefined;
  /** Where the application's root module comes from; undefined for a worker that builds classes alone. */
  readonly root: RootSource | undefined;
  /** The tokens of the providers that stay in the application, as they are written in code. */
  readonly main: readonly string[];
  /** The file that started the application; undefined if it is a tool's. */
  readonly entry: string | undefined;
}

/** A call of `forRoot()`: the file to import, and which of the calls in it. */
export interface RegistrationSource {
  readonly file: string;
  readonly index: number;
  /** The names of the contexts in its options, which the worker must have as well. */
  readonly contexts: readonly string[];
}

export type RootSource =
  /** The option `root` of the registration. */
  | { readonly kind: 'option' }
  /** A file that exports the class, under a name. */
  | ({ readonly kind: 'export' } & ExportedModule)
  /** What a testing module imports: the module itself is made by the test. */
  | { readonly kind: 'test'; readonly modules: readonly ExportedModule[] }
  /** The file that starts the application: it passes the root to `NestFactory`. */
  | { readonly kind: 'entry'; readonly file: string; readonly name: string };

/** A module class, by the file that exports it. */
export interface ExportedModule {
  readonly file: string;
  readonly name: string;
}
