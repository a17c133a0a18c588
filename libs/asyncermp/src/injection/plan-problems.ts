import { hasParameterTypes, type Dependency } from './class-dependencies.js';

/** A reason why a worker cannot build the handlers' classes. */
export type PlanProblem =
  /** No provider of the worker has the token, and it is not a class that Nest can build. */
  | { readonly kind: 'unavailable'; readonly requirement: Requirement }
  /** The code does not name the token: an interface, a circular import, a compiler without metadata. */
  | {
      readonly kind: 'untyped';
      readonly requirement: Requirement;
      readonly dependency: Dependency;
    }
  /** The class is built for each request. The path ends with it. */
  | {
      readonly kind: 'request-scoped';
      readonly target: Function;
      readonly path: readonly Function[];
    }
  /** Two `@CpuTaskHost()` provide one token differently. */
  | { readonly kind: 'conflict'; readonly token: unknown; readonly hosts: readonly string[] };

/** A token that a worker has to provide, and the class that requires it. */
export interface Requirement {
  readonly token: unknown;
  /** `parameter 0 of the constructor of ThumbnailService`. */
  readonly place: string;
  /** From the handler's class to the one that requires it: `ThumbnailService > CodecService`. */
  readonly path: readonly Function[];
}

/** The problem, the class it is about and the ways to fix it, in one paragraph. */
export function describeProblem(problem: PlanProblem): string {
  switch (problem.kind) {
    case 'unavailable':
      return (
        `${placeAndPath(problem.requirement)} takes ${tokenText(problem.requirement.token)}, which a worker does not ` +
        `have: ${unavailableReason(problem.requirement.token)}. ${waysToFix(problem.requirement)}`
      );
    case 'untyped':
      return (
        `${placeAndPath(problem.requirement)} takes a value whose type names no provider: ` +
        `${untypedReason(problem.dependency)}.`
      );
    case 'request-scoped':
      return (
        `${problem.target.name} is request-scoped${throughText(problem.path)}, and a worker has no requests: pass what it takes ` +
        'from the request as arguments, and make it a singleton, or move the decorated method to a ' +
        'class that does not need it.'
      );
    default:
      return (
        `${tokenText(problem.token)} is provided differently by @CpuTaskHost() on ` +
        `${problem.hosts.join(' and on ')}, and all handlers share one application context in a ` +
        'worker. Share one provider object between them, or use two tokens.'
      );
  }
}

/** A token as it is written in code. */
export function tokenText(token: unknown): string {
  if (typeof token === 'function') {
    return token.name;
  }
  return typeof token === 'string' ? `'${token}'` : String(token);
}

/** The parameter or the property, and its class. */
export function placeText({ owner, place }: Dependency): string {
  return typeof place === 'number'
    ? `parameter ${place} of the constructor of ${owner.name}`
    : `the property ${String(place)} of ${owner.name}`;
}

function placeAndPath({ path, place }: Requirement): string {
  return `${place[0]?.toUpperCase() ?? ''}${place.slice(1)}${throughText(path)}`;
}

function throughText(path: readonly Function[]): string {
  return path.length > 1 ? ` (needed through ${path.map((c) => c.name).join(' > ')})` : '';
}

function unavailableReason(token: unknown): string {
  return typeof token === 'function'
    ? 'the class is not decorated with @Injectable(), so Nest cannot build it by itself'
    : 'it is a token, and only the modules and providers of the application know what stands for it';
}

function untypedReason({ owner, token, place }: Dependency): string {
  if (token !== undefined) {
    return token === Object
      ? 'an interface, a type alias or a union leaves no class at run time (it became Object), so it ' +
          'needs @Inject(token)'
      : `${tokenText(token)} is a type of the language and no provider, so it needs @Inject(token)`;
  }
  return typeof place === 'number' && !hasParameterTypes(owner)
    ? 'the file was compiled without decorator metadata (set "emitDecoratorMetadata" where tsc or swc ' +
        'compile it; esbuild and tsx cannot write it), so it needs @Inject(token)'
    : 'the class was undefined when the decorator read it, as happens when two files import each other, ' +
        'so it needs @Inject(forwardRef(() => TheClass))';
}

function waysToFix({ path, token }: Requirement): string {
  // On the handler's class, since the class that requires the token may belong to a package.
  const owner = path[0]?.name ?? 'the class';
  const example = typeof token === 'string' || typeof token === 'symbol' ? tokenText(token) : '...';
  return (
    `Ways to fix it: give it to workers with @CpuTaskHost({ providers: [{ provide: ${example}, ... }] }) ` +
    `or @CpuTaskHost({ imports: [TheModule] }) on ${owner}; mark it @Optional() if workers can do ` +
    'without; take a class that Nest can build instead; or move the decorated method to a class of ' +
    'its own that does not need it.'
  );
}
