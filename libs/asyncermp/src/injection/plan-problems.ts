import { hasParameterTypes, type Dependency } from './class-dependencies.js';

/** Why a worker could not be built as planned. */
export type PlanProblem =
  /** Nothing in a worker provides the token, and it is no class that Nest can build. */
  | { readonly kind: 'unavailable'; readonly needed: Needed }
  /** What is injected is not told by the code: an interface, a circular import, a compiler without metadata. */
  | { readonly kind: 'untyped'; readonly needed: Needed; readonly dependency: Dependency }
  /** The class lives as long as a request. */
  | { readonly kind: 'request-scoped'; readonly target: Function }
  /** Two `@CpuTaskHost()` provide one token differently. */
  | { readonly kind: 'conflict'; readonly token: unknown; readonly hosts: readonly string[] };

/** A need of a worker, and whose it is. */
export interface Needed {
  readonly token: unknown;
  /** `parameter 0 of the constructor of ThumbnailService`. */
  readonly place: string;
  /** From the handler's class to the one in need: `ThumbnailService > CodecService`. */
  readonly path: readonly Function[];
}

/** What the problem is, whom it is about and how to mend it, in one paragraph. */
export function describeProblem(problem: PlanProblem): string {
  switch (problem.kind) {
    case 'unavailable':
      return (
        `${lead(problem.needed)} ${tokenText(problem.needed.token)}, which a worker does not have: ` +
        `${unavailableReason(problem.needed.token)}. ${mends(problem.needed)}`
      );
    case 'untyped':
      return (
        `${lead(problem.needed)} something that its type does not tell: ` +
        `${untypedReason(problem.dependency)}.`
      );
    case 'request-scoped':
      return (
        `${problem.target.name} is request-scoped, and a worker has no requests: pass what it takes ` +
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

/** A token as people write it. */
export function tokenText(token: unknown): string {
  if (typeof token === 'function') {
    return token.name;
  }
  return typeof token === 'string' ? `'${token}'` : String(token);
}

/** Where a class asks for the dependency. */
export function placeText({ owner, place }: Dependency): string {
  return typeof place === 'number'
    ? `parameter ${place} of the constructor of ${owner.name}`
    : `the property ${String(place)} of ${owner.name}`;
}

function lead({ path, place }: Needed): string {
  const by = path.length > 1 ? ` (needed through ${path.map((c) => c.name).join(' > ')})` : '';
  return `${place[0]?.toUpperCase() ?? ''}${place.slice(1)}${by} takes`;
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
          'wants @Inject(token)'
      : `${tokenText(token)} is a type of the language and no provider, so it wants @Inject(token)`;
  }
  return typeof place === 'number' && !hasParameterTypes(owner)
    ? 'the file was compiled without decorator metadata (set "emitDecoratorMetadata" where tsc or swc ' +
        'compile it; esbuild and tsx cannot write it), so it wants @Inject(token)'
    : 'the class was undefined when it was asked for, which two files that import each other lead to, ' +
        'so it wants @Inject(forwardRef(() => TheClass))';
}

function mends({ path, token }: Needed): string {
  // On the handler's class, since the one in need may be a library's.
  const owner = path[0]?.name ?? 'the class';
  const example = typeof token === 'string' || typeof token === 'symbol' ? tokenText(token) : '...';
  return (
    `Ways to mend it: give it to workers with @CpuTaskHost({ providers: [{ provide: ${example}, ... }] }) ` +
    `or @CpuTaskHost({ imports: [TheModule] }) on ${owner}; mark it @Optional() where workers can do ` +
    'without; take a class that Nest can build instead; or move the decorated method to a class of ' +
    'its own that does not need it.'
  );
}
